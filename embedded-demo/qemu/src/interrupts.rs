//! Which devices interrupt, and what comes of it? It ends the sleep; the work is done by whoever slept.

use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::NVIC;
use cortex_m_rt::exception;

use crate::alarm;
use crate::ethernet::Ethernet;

/// A device's line to the interrupt controller, by its number.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Interrupt {
    Alarm = 19,
    Ethernet = 42,
}

impl Interrupt {
    /// From now on the device interrupts.
    pub(crate) fn let_through(self) {
        // SAFETY: the handlers write only registers of their devices and atomics, so they break no critical section.
        unsafe { NVIC::unmask(self) };
    }
}

// SAFETY: both are lines of the LM3S6965, and each value has its own number, which never changes.
unsafe impl InterruptNumber for Interrupt {
    fn number(self) -> u16 {
        self as u16
    }
}

// SAFETY: unsafe by the signature that the vector table asks for; it is called by nobody else.
#[exception]
unsafe fn DefaultHandler(number: i16) {
    if number == Interrupt::Alarm as i16 {
        alarm::handle_interrupt();
    } else {
        Ethernet::handle_interrupt();
    }
}
