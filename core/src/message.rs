//! What must a message offer so that a pattern can judge it? Its parts, in order; nobody here owns it.

/// A message of one or more parts (RFC 37: the bodies of its frames).
pub trait Parts {
    /// The parts, first to last.
    fn parts(&self) -> impl Iterator<Item = &[u8]> + Clone;
}

impl<T: AsRef<[u8]>> Parts for [T] {
    fn parts(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.iter().map(AsRef::as_ref)
    }
}

impl<T: AsRef<[u8]>, const N: usize> Parts for [T; N] {
    fn parts(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.as_slice().parts()
    }
}
