//! Where do encoded octets go? Into anything that can take a slice whole or refuse it.

/// A place for octets that takes a slice whole or not at all.
pub trait Octets {
    /// Whether `len` more octets fit.
    fn fits(&self, len: usize) -> Result<(), Short>;

    /// Appends `octets`, or leaves the place as it was when they do not fit.
    fn put(&mut self, octets: &[u8]) -> Result<(), Short>;

    /// Appends `len` octets for the caller to fill, or leaves the place as it was when they do not fit.
    fn extend(&mut self, len: usize) -> Result<&mut [u8], Short>;
}

/// The place had no room for what was to be written; nothing partial counts as written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Short;

impl core::fmt::Display for Short {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("no room for the encoded octets")
    }
}

impl core::error::Error for Short {}

/// Octets written from the front of a borrowed buffer.
///
/// ```
/// use zeptomq_core::wire::{Octets, Window};
/// let mut buffer = [0; 4];
/// let mut window = Window::new(&mut buffer);
/// window.put(b"abc").unwrap();
/// assert!(window.put(b"de").is_err());
/// assert_eq!(window.len(), 3);
/// ```
#[derive(Debug)]
pub struct Window<'a> {
    buffer: &'a mut [u8],
    len: usize,
}

impl<'a> Window<'a> {
    /// An empty window over the whole of `buffer`.
    pub const fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    /// How many octets were written.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing was written.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl Octets for Window<'_> {
    fn fits(&self, len: usize) -> Result<(), Short> {
        if len <= self.buffer.len().saturating_sub(self.len) { Ok(()) } else { Err(Short) }
    }

    fn put(&mut self, octets: &[u8]) -> Result<(), Short> {
        copy(self.extend(octets.len())?, octets);
        Ok(())
    }

    #[cfg_attr(not(feature = "alloc"), inline(never))]
    fn extend(&mut self, len: usize) -> Result<&mut [u8], Short> {
        let end = self.len.checked_add(len).ok_or(Short)?;
        let room = self.buffer.get_mut(self.len..end).ok_or(Short)?;
        self.len = end;
        Ok(room)
    }
}

#[cfg(feature = "alloc")]
impl Octets for alloc::vec::Vec<u8> {
    #[inline]
    fn fits(&self, _len: usize) -> Result<(), Short> {
        Ok(())
    }

    fn extend(&mut self, len: usize) -> Result<&mut [u8], Short> {
        let start = self.len();
        self.resize(start + len, 0);
        self.get_mut(start..).ok_or(Short)
    }

    #[inline]
    fn put(&mut self, octets: &[u8]) -> Result<(), Short> {
        self.extend_from_slice(octets);
        Ok(())
    }
}

/// Copies as much of `from` as `to` holds; the callers pass equal lengths.
///
/// `copy_from_slice` panics on unequal lengths, and the linker cannot always see that they are equal.
#[cfg(feature = "alloc")]
#[inline]
pub(crate) fn copy(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// The same on a device, in 30 octets of flash: the compiler, which does not know the step, does not call memcpy, which
/// takes 900.
#[cfg(not(feature = "alloc"))]
#[inline(never)]
pub(crate) fn copy(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
        core::hint::black_box(());
    }
}

/// Whether some octets begin with others. What `starts_with` calls takes more flash.
#[inline(never)]
pub(crate) fn begins_with(octets: &[u8], prefix: &[u8]) -> bool {
    prefix.len() <= octets.len() && prefix.iter().zip(octets).all(|(one, other)| one == other)
}

/// Whether both are the same octets.
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && begins_with(one, other)
}
