//! What does the firmware need of the board? Registers that are read and written as they stand.

use core::convert::Infallible;

use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};
use zeptomq_core::time::Instant;

/// One of the board's serial lines, as a stream of octets.
pub struct Uart {
    base: usize,
}

impl Uart {
    /// The line whose registers begin at the address.
    pub fn new(base: usize) -> Self {
        write(base + BAUD, 16);
        write(base + CONTROL, 0b11);
        Self { base }
    }

    /// Whether an octet has arrived.
    pub fn has_octet(&self) -> bool {
        read(self.base + STATE) & 0b10 != 0
    }

    fn has_room(&self) -> bool {
        read(self.base + STATE) & 0b01 == 0
    }
}

impl ErrorType for Uart {
    type Error = Infallible;
}

impl ReadReady for Uart {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(self.has_octet())
    }
}

impl Read for Uart {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, Infallible> {
        let mut len = 0;
        for octet in room {
            if len > 0 && !self.has_octet() {
                break;
            }
            *octet = read(self.base + DATA) as u8;
            len += 1;
        }
        Ok(len)
    }
}

impl WriteReady for Uart {
    fn write_ready(&mut self) -> Result<bool, Infallible> {
        Ok(self.has_room())
    }
}

impl Write for Uart {
    fn write(&mut self, octets: &[u8]) -> Result<usize, Infallible> {
        let mut len = 0;
        for octet in octets {
            if len > 0 && !self.has_room() {
                break;
            }
            write(self.base + DATA, u32::from(*octet));
            len += 1;
        }
        Ok(len)
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Makes the board's counter run at one step a millisecond.
pub fn start_clock() {
    write(PRESCALE, CLOCK_HZ / 1000 - 1);
}

/// Milliseconds since the clock was started.
pub fn now() -> Instant {
    Instant::from_ms(read(COUNTER))
}

/// Shows a value, so that it had to be computed.
pub fn show(value: u8) {
    write(LIGHTS, u32::from(value));
}

/// What a sensor measures.
pub fn sensor() -> u32 {
    read(COUNTER)
}

/// A register's value.
pub fn read(address: usize) -> u32 {
    // SAFETY: every address in this file is that of a device's register on this board, which may always be read.
    unsafe { (address as *const u32).read_volatile() }
}

/// Writes a register.
pub fn write(address: usize, value: u32) {
    // SAFETY: every address in this file is that of a device's register on this board, no write to which touches memory.
    unsafe { (address as *mut u32).write_volatile(value) }
}

/// The board's first serial line.
pub const UART0: usize = 0x4000_4000;
/// The board's second serial line.
pub const UART1: usize = 0x4000_5000;

const CLOCK_HZ: u32 = 25_000_000;

const DATA: usize = 0x00;
const STATE: usize = 0x04;
const CONTROL: usize = 0x08;
const BAUD: usize = 0x10;

const LIGHTS: usize = 0x4002_8000;
const COUNTER: usize = 0x4002_8018;
const PRESCALE: usize = 0x4002_801c;
