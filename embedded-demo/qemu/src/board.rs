//! How is the board brought up, and how does it wait?

use cortex_m::{Peripherals, asm, interrupt};
use smoltcp::time::Instant;

use crate::entropy::Entropy;
use crate::ethernet::Ethernet;
use crate::fifo::Buffer;
use crate::{alarm, clock, console};

/// The memory of a frame that was received and of one that is to be sent.
pub(crate) struct Frames {
    received: Buffer,
    to_send: Buffer,
}

impl Frames {
    pub(crate) const EMPTY: Self = Self { received: Buffer::EMPTY, to_send: Buffer::EMPTY };
}

/// Switches on what the node uses: the clock first, for the others count on its rate.
pub(crate) fn start(frames: &'static mut Frames) -> (Ethernet<'static>, Entropy) {
    if let Some(core) = Peripherals::take() {
        clock::start(core.SYST);
    }
    console::start();
    alarm::start();
    let ethernet = Ethernet::start(&mut frames.received, &mut frames.to_send);
    (ethernet, Entropy::new(clock::step()))
}

/// Sleeps until a frame has arrived or the moment has come; without limit when there is none.
pub(crate) fn sleep(until: Option<Instant>) {
    loop {
        let now = clock::now();
        if until.is_some_and(|until| until <= now) {
            break;
        }
        alarm::set(until.map(|until| until - now));
        let has_arrived = interrupt::free(|_| {
            let has_arrived = Ethernet::has_arrived();
            // An interrupt since that look ends this at once, although it is served only after it: nothing is missed.
            if !has_arrived && !alarm::has_gone_off() {
                asm::wfi();
            }
            has_arrived
        });
        if has_arrived {
            break;
        }
    }
}
