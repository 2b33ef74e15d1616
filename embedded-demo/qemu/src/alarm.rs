//! What ends a sleep in time? Timer 0, which goes off once.

use core::sync::atomic::{AtomicBool, Ordering};

use smoltcp::time::Duration;

use crate::clock::STEPS_PER_MS;
use crate::interrupts::Interrupt;
use crate::registers::Register;

/// The timer has reached 0.
const REACHED: u32 = 1;

/// Of `AlarmControl`.
const RUN: u32 = 1;

/// The longest time that is set; whoever sleeps longer sets it again.
const LONGEST_MS: u64 = 60_000;

/// It has gone off since it was set. The interrupt sets it, and `set` clears it.
static GONE_OFF: AtomicBool = AtomicBool::new(false);

/// Prepares the timer.
pub(crate) fn start() {
    const TIMER_0: u32 = 1 << 16;
    const ALL_32_BITS: u32 = 0;
    const ONCE: u32 = 1;
    Register::GateTimersUarts.set(TIMER_0);
    Register::AlarmControl.write(0);
    Register::AlarmWidth.write(ALL_32_BITS);
    Register::AlarmMode.write(ONCE);
    Register::AlarmInterrupts.write(REACHED);
    Interrupt::Alarm.let_through();
}

/// Lets the alarm go off after this time, at most a minute, or not at all; what was set before is forgotten.
pub(crate) fn set(after: Option<Duration>) {
    Register::AlarmControl.write(0);
    Register::AlarmHeard.write(REACHED);
    GONE_OFF.store(false, Ordering::Relaxed);
    if let Some(after) = after {
        let ms = after.total_millis().clamp(1, LONGEST_MS) as u32;
        Register::AlarmSteps.write(ms * STEPS_PER_MS);
        Register::AlarmControl.write(RUN);
    }
}

/// Whether it has gone off since it was set.
pub(crate) fn has_gone_off() -> bool {
    GONE_OFF.load(Ordering::Relaxed)
}

/// Takes note of the interrupt.
pub(crate) fn handle_interrupt() {
    Register::AlarmHeard.write(REACHED);
    GONE_OFF.store(true, Ordering::Relaxed);
}
