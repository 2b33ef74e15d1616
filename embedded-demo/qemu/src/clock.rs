//! What time is it? SysTick says: it is read, and only its turn, once a second, is counted.
//!
//! An interrupt per millisecond would lose time: while QEMU's processor waits for the host's, ticks fall together into
//! one. A turn would have to be a second late to be lost.
//!
//! Out of reset the board runs from an oscillator that may be a third off, so the rate is not asked for but made: the
//! PLL's 200 MHz, from the crystal of 8 MHz, divided by sixteen. QEMU derives SysTick from the same register.

use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::interrupt;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{SCB, SYST};
use cortex_m_rt::exception;
use smoltcp::time::Instant;

use crate::registers::Register;

/// Of the processor and of all that counts here.
pub(crate) const RATE_HZ: u32 = 12_500_000;

/// Steps of the clock in a millisecond.
pub(crate) const STEPS_PER_MS: u32 = RATE_HZ / 1_000;

/// Steps in SysTick's turn of a second; it counts in 24 bits.
const TURN_STEPS: u32 = RATE_HZ;
const _: () = assert!(TURN_STEPS <= 1 << 24);

/// Turns that are over, so seconds. Only the interrupt writes it. It wraps after 136 years.
static TURNS: AtomicU32 = AtomicU32::new(0);

/// Makes the rate what it is said to be, and lets time begin.
pub(crate) fn start(mut systick: SYST) {
    run_from_pll();
    systick.set_clock_source(SystClkSource::Core);
    systick.set_reload(TURN_STEPS - 1);
    systick.clear_current();
    systick.enable_counter();
    systick.enable_interrupt();
    // The counter stands at 0, the end of a turn, until its first step.
    let _ = (0..PATIENCE).find(|_| step() != 0);
}

/// The time since the start, to the millisecond.
pub(crate) fn now() -> Instant {
    let (turns, left) = interrupt::free(|_| {
        let turns = TURNS.load(Ordering::Relaxed);
        let left = step();
        if !SCB::is_pendst_pending() {
            return (turns, left);
        }
        // The turn ended before the counter was read or after it: read again, it is in the new turn. There 0 is not the
        // end but the beginning, before the first step.
        let left = Some(step()).filter(|left| *left != 0).unwrap_or(TURN_STEPS - 1);
        (turns.wrapping_add(1), left)
    });
    let ms = (TURN_STEPS - 1).saturating_sub(left) / STEPS_PER_MS;
    Instant::from_millis(i64::from(turns) * 1_000 + i64::from(ms))
}

/// Where in its turn the clock is, in steps of 80 ns that count down: as good as chance to whoever cannot see it.
pub(crate) fn step() -> u32 {
    SYST::get_current()
}

/// How often the PLL is asked for: more than the half millisecond that it may take. Without it there is no time, which
/// whoever watches sees.
const PATIENCE: u32 = 100_000;

/// The data sheet's order: leave the PLL, set it up, wait for it, take it.
fn run_from_pll() {
    const DIVIDE_BY_16: u32 = 15 << 23;
    const USE_DIVIDER: u32 = 1 << 22;
    const PLL_OFF: u32 = 1 << 13 | 1 << 12;
    const PASS_BY_PLL: u32 = 1 << 11;
    const CRYSTAL_8_MHZ: u32 = 0xE << 6;
    const PLL_LOCKED: u32 = 1 << 6;
    let running = DIVIDE_BY_16 | USE_DIVIDER | CRYSTAL_8_MHZ;
    Register::RunClock.write(PLL_OFF | PASS_BY_PLL | CRYSTAL_8_MHZ);
    Register::RunClock.write(running | PASS_BY_PLL);
    let _ = (0..PATIENCE).find(|_| Register::SystemStatus.read() & PLL_LOCKED != 0);
    Register::RunClock.write(running);
}

#[exception]
fn SysTick() {
    TURNS.fetch_add(1, Ordering::Relaxed);
}
