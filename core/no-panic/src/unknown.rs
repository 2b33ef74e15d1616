//! Where do octets and sizes come from that the optimizer cannot know?

use core::fmt::{self, Write as _};
use core::hint::black_box;

/// A word that is read anew each time, as a register of a device is.
static PORT: usize = 0;

/// Any size.
pub fn size() -> usize {
    // SAFETY: a pointer to a static is valid, aligned and initialised.
    unsafe { (&raw const PORT).read_volatile() }
}

/// Any octet.
pub fn octet() -> u8 {
    size() as u8
}

/// Whether or not.
pub fn either() -> bool {
    size() != 0
}

/// Octets of any value, at a place and of a number that are not known.
pub fn octets(buffer: &mut [u8]) -> &mut [u8] {
    for octet in &mut *buffer {
        *octet = self::octet();
    }
    black_box(buffer)
}

/// A slice at a place and of a length that are not known.
pub fn some_of<T>(slice: &[T]) -> &[T] {
    black_box(slice)
}

/// Takes a result, so that computing it is not skipped.
pub fn keep<T>(value: T) {
    black_box(value);
}

/// Puts a value into words, which go to somebody who may refuse them.
pub fn say(value: impl fmt::Display) {
    struct Log;
    impl fmt::Write for Log {
        fn write_str(&mut self, words: &str) -> fmt::Result {
            keep(words);
            if either() { Ok(()) } else { Err(fmt::Error) }
        }
    }
    keep(write!(Log, "{value}"));
}
