//! How long does a message of 32 octets take that leaves, and one that arrives? An emulator that counts instructions
//! reads the answer from the first line: ticks of SysTick for ten thousand that left, then for as many that arrived.

use core::hint::black_box;

use embedded_io::Write as _;
use zeptomq_core::mechanism::Null;
use zeptomq_core::pattern::{Pull, Push};
use zeptomq_core::peer::PeerId;
use zeptomq_core::socket::Links;
use zeptomq_core::storage::Fixed;

use crate::board::{UART0, Uart, now, read, write};
use crate::line::{Socket, place};

const MESSAGES: usize = 10_000;
const BODY: [u8; 32] = *b"thirty-two octets of a message..";

/// Counts, says what was counted, and stops.
pub fn run() -> ! {
    let push = place!(Push<Fixed<1>>, Push::NEW);
    let pull = place!(Pull, Pull);
    let mut uart = Uart::new(UART0);
    if let (Ok(to), Ok(from)) = (push.links().connect(), pull.links().accept(now())) {
        push.links().attach(to, now());
        for _ in 0..4 {
            shuttle(push.links(), to, pull.links(), from);
            shuttle(pull.links(), from, push.links(), to);
        }
        write(SYSTICK_RELOAD, SYSTICK_MASK);
        write(SYSTICK_CONTROL, 0b101);
        say(&mut uart, send(push, to));
        say(&mut uart, receive(pull, from));
    }
    let _ = uart.write(b"\n");
    loop {
        core::hint::spin_loop();
    }
}

/// Ticks for the messages that leave. What is pending is looked at and thrown away.
#[inline(never)]
fn send(push: &mut Socket<Push<Fixed<1>>>, to: PeerId) -> u32 {
    let now = now();
    let start = read(SYSTICK_VALUE);
    for _ in 0..MESSAGES {
        let _ = push.try_send(black_box(&[&BODY]), now);
        let mut links = push.links();
        loop {
            match black_box(links.pending(to, &mut |_| (), now)).len() {
                0 => break,
                len => links.advance(to, len, now),
            }
        }
    }
    start.wrapping_sub(read(SYSTICK_VALUE)) & SYSTICK_MASK
}

/// Ticks for the messages that arrive, with copying each into the window.
#[inline(never)]
fn receive(pull: &mut Socket<Pull>, from: PeerId) -> u32 {
    let now = now();
    let mut frame = [0, BODY.len() as u8].into_iter().chain(BODY);
    let frame: [u8; 2 + BODY.len()] = core::array::from_fn(|_| frame.next().unwrap_or_default());
    let start = read(SYSTICK_VALUE);
    let mut taken = 0;
    for _ in 0..MESSAGES {
        let mut links = pull.links();
        let window = links.receive_window(from, now);
        for (to, octet) in window.iter_mut().zip(black_box(&frame)) {
            *to = *octet;
        }
        links.commit(from, frame.len(), now);
        while let Ok(Some(message)) = pull.try_recv(now) {
            taken += usize::from(black_box(message.first()).len() == BODY.len());
        }
    }
    let ticks = start.wrapping_sub(read(SYSTICK_VALUE)) & SYSTICK_MASK;
    if taken == MESSAGES { ticks } else { 0 }
}

/// Moves what is pending from one socket to the other.
fn shuttle(mut a: Links<'_, Null>, to: PeerId, mut b: Links<'_, Null>, from: PeerId) {
    loop {
        let pending = a.pending(to, &mut |_| (), now());
        let window = b.receive_window(from, now());
        let len = pending.len().min(window.len());
        if len == 0 {
            return;
        }
        for (to, octet) in window.iter_mut().zip(pending) {
            *to = *octet;
        }
        b.commit(from, len, now());
        a.advance(to, len, now());
    }
}

fn say(uart: &mut Uart, mut number: u32) {
    let mut digits = [b' '; 12];
    for digit in digits.iter_mut().rev().skip(1) {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
    let mut rest = digits.as_slice();
    while let Ok(len @ 1..) = uart.write(rest) {
        rest = rest.get(len..).unwrap_or_default();
    }
}

const SYSTICK_CONTROL: usize = 0xe000_e010;
const SYSTICK_RELOAD: usize = 0xe000_e014;
const SYSTICK_VALUE: usize = 0xe000_e018;
const SYSTICK_MASK: u32 = 0x00ff_ffff;
