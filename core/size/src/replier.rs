//! What does a firmware do that answers? It has one client.

use zeptomq_core::mechanism::Null;
use zeptomq_core::pattern::Rep;
use zeptomq_core::storage::Fixed;

use crate::board::{UART0, Uart, now, sensor, show};
use crate::line::{Line, first, place, sizes};

sizes!(Rep<Fixed<1>> => Rep<Fixed<2>>);

/// Runs for ever.
pub fn run() -> ! {
    let socket = place!(Rep<Fixed<1>>, Rep::NEW);
    let mut line = Line::new(Uart::new(UART0));
    loop {
        let now = now();
        line.serve(&mut socket.links(), now);
        while let Ok(Some(request)) = socket.try_recv(now) {
            show(request.first().first().copied().unwrap_or_default());
            let _ = socket.try_send(&[&sensor().to_le_bytes()], now);
        }
        line.wait(first(now.after_ms(100), socket.links().poll_timeout()));
    }
}
