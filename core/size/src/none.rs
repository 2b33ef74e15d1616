//! What does the firmware do that has no sockets? It sends back what it reads, and a sample every so often.

use embedded_io::{Read, ReadReady, Write, WriteReady};

use crate::board::{UART0, Uart, now, sensor, show};

/// Runs for ever.
pub fn run() -> ! {
    let mut uart = Uart::new(UART0);
    let mut due = now();
    let mut octets = [0; 4];
    loop {
        if uart.read_ready() == Ok(true)
            && let Ok(len) = uart.read(&mut octets)
        {
            let mut rest = octets.get(..len).unwrap_or_default();
            show(rest.first().copied().unwrap_or_default());
            while !rest.is_empty() {
                if uart.write_ready() == Ok(true)
                    && let Ok(written) = uart.write(rest)
                {
                    rest = rest.get(written..).unwrap_or_default();
                }
            }
        }
        if due.has_come(now()) {
            due = due.after_ms(10);
            let _ = uart.write(&sensor().to_le_bytes());
        }
    }
}
