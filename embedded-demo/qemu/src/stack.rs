//! How deep has the stack been? The start-up code paints all RAM that no variable has; here the paint is looked for.

use core::ptr;

use cortex_m_rt::STACK_PAINT_VALUE;

unsafe extern "C" {
    /// The lowest word that the stack may use, as the linker laid it out.
    static mut _stack_end: u32;
    /// Where the stack begins, from which it grows down.
    static mut _stack_start: u32;
}

/// Octets that the stack may grow to before it meets the variables.
pub(crate) fn stack_len() -> usize {
    (&raw const _stack_start).addr() - (&raw const _stack_end).addr()
}

/// Octets of the stack that were ever used. A function that reserved room and did not write to it hides that room.
pub(crate) fn stack_used() -> usize {
    let lowest = &raw const _stack_end;
    let words = stack_len() / size_of::<u32>();
    let painted = |index: &usize| {
        // SAFETY: the word lies between the two symbols, so it is aligned and in RAM. No variable is there; what the
        // stack holds may change meanwhile, which is why the read is volatile.
        let word = unsafe { ptr::read_volatile(lowest.wrapping_add(*index)) };
        word == STACK_PAINT_VALUE
    };
    let untouched = (0..words).take_while(painted).count();
    (words - untouched) * size_of::<u32>()
}
