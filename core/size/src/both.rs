//! What does a firmware do that publishes and subscribes? Each socket has a line of its own.

use zeptomq_core::mechanism::Null;
use zeptomq_core::message::Parts;
use zeptomq_core::pattern::{Pub, Sub};
use zeptomq_core::storage::Fixed;

use crate::board::{UART0, UART1, Uart, now, sensor, show};
use crate::line::{Line, first, place, sizes};

sizes!(Pub<Fixed<1>> => Pub<Fixed<2>>, Sub<Fixed<1>> => Sub<Fixed<2>>);

/// Runs for ever.
pub fn run() -> ! {
    let publisher = place!(Pub<Fixed<1>>, Pub::NEW);
    let subscriber = place!(Sub<Fixed<1>>, Sub::NEW);
    let (mut out, mut back) = (Line::new(Uart::new(UART0)), Line::new(Uart::new(UART1)));
    let _ = subscriber.subscribe(b"command");
    let mut due = now();
    let mut period_ms = 5;
    loop {
        let now = now();
        out.serve(&mut publisher.links(), now);
        back.serve(&mut subscriber.links(), now);
        while let Ok(Some(message)) = subscriber.try_recv(now) {
            if let Some([period]) = message.parts().nth(1) {
                period_ms = u32::from(*period);
                show(*period);
            }
        }
        if due.has_come(now) {
            due = now.after_ms(period_ms);
            let _ = publisher.try_send(&[b"sample", &sensor().to_le_bytes()], now);
        }
        let until = first(due, publisher.links().poll_timeout());
        let until = first(until, subscriber.links().poll_timeout());
        while !out.has_octet() && !back.has_octet() && !until.has_come(crate::board::now()) {}
    }
}
