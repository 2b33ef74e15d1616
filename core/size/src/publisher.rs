//! What does a firmware do that publishes? It has one subscriber and sends a sample every so often.

use zeptomq_core::mechanism::Null;
use zeptomq_core::pattern::Pub;
use zeptomq_core::storage::Fixed;

use crate::board::{UART0, Uart, now, sensor};
use crate::line::{Line, first, place, sizes};

sizes!(Pub<Fixed<1>> => Pub<Fixed<2>>);

/// Runs for ever.
pub fn run() -> ! {
    let socket = place!(Pub<Fixed<1>>, Pub::NEW);
    let mut line = Line::new(Uart::new(UART0));
    let mut due = now();
    loop {
        let now = now();
        line.serve(&mut socket.links(), now);
        if due.has_come(now) {
            due = now.after_ms(2);
            let _ = socket.try_send(&[b"sample", &sensor().to_le_bytes()], now);
        }
        line.wait(first(due, socket.links().poll_timeout()));
    }
}
