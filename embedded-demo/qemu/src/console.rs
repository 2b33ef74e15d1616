//! What does the node tell the person who watches it? Lines on UART0: 115,200 baud, eight bits, no parity.

use core::fmt::{self, Write as _};

use crate::clock;
use crate::registers::Register;

const BAUD: u32 = 115_200;

/// The UART has no room in its FIFO.
const FULL: u32 = 1 << 5;

/// The UART is still sending.
const BUSY: u32 = 1 << 3;

/// How often the UART is asked before an octet is given up: ten times what sending one takes. The log must not hold
/// the node up.
const PATIENCE: u32 = 5_000;

/// Sets the UART up; the clock has to run already.
pub(crate) fn start() {
    const UART0: u32 = 1;
    const EIGHT_BITS_FIFO: u32 = 0b11 << 5 | 1 << 4;
    const TRANSMIT: u32 = 1 << 8 | 1;
    // In sixty-fourths, rounded.
    const DIVISOR: u32 = (clock::RATE_HZ * 8 / BAUD).div_ceil(2);
    Register::GateTimersUarts.set(UART0);
    Register::ConsoleDivisor.write(DIVISOR / 64);
    Register::ConsoleFraction.write(DIVISOR % 64);
    Register::ConsoleLine.write(EIGHT_BITS_FIFO);
    Register::ConsoleControl.write(TRANSMIT);
}

/// Writes one line. What the UART does not take in time is lost.
pub(crate) fn line(text: fmt::Arguments<'_>) {
    // Only a value that refuses to be shown is an error here: there is nobody to tell.
    let _ = Console.write_fmt(text);
    let _ = Console.write_str("\n");
}

/// Waits until all that was written has left, though not for ever.
pub(crate) fn finish() {
    // As long as a full FIFO of sixteen octets takes.
    let _ = (0..16 * PATIENCE).find(|_| Register::ConsoleFlags.read() & BUSY == 0);
}

struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for octet in text.bytes() {
            if (0..PATIENCE).any(|_| Register::ConsoleFlags.read() & FULL == 0) {
                Register::ConsoleData.write(octet.into());
            }
        }
        Ok(())
    }
}
