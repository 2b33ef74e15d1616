//! Which of several names is it? In a row, each behind its length, they take less flash than a table of where they are.

/// Names, each behind its length in one octet.
#[derive(Clone, Copy)]
pub(super) struct Names(pub(super) &'static [u8]);

impl Names {
    /// The place of a name, counted from 0.
    pub(super) fn find(mut self, name: &[u8]) -> Option<usize> {
        self.position(|known| known.split_first().is_some_and(|(_, known)| super::same(known, name)))
    }

    /// The name in that place, behind its length; empty when there is none.
    pub(super) fn at(mut self, place: usize) -> &'static [u8] {
        self.nth(place).unwrap_or_default()
    }
}

impl Iterator for Names {
    type Item = &'static [u8];

    fn next(&mut self) -> Option<&'static [u8]> {
        let (name, rest) = self.0.split_at_checked(1 + usize::from(*self.0.first()?))?;
        self.0 = rest;
        Some(name)
    }
}
