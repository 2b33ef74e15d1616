//! How are a few octets kept in an array? A name or a topic, in place: none is ever moved as a whole.

use super::Full;
use crate::wire::copy;

/// At most `LEN` octets, 65,535 at the most.
#[derive(Debug)]
pub(super) struct FixedOctets<const LEN: usize> {
    octets: [u8; LEN],
    len: u16,
}

impl<const LEN: usize> FixedOctets<LEN> {
    pub(super) const EMPTY: Self = {
        assert!(LEN <= u16::MAX as usize, "a name or a topic in fixed memory has at most 65,535 octets");
        Self { octets: [0; LEN], len: 0 }
    };

    /// Keeps these octets in the place of others, or the others where there is no room for these.
    pub(super) fn set(&mut self, octets: &[u8]) -> Result<(), Full> {
        set(&mut self.octets, &mut self.len, octets)
    }

    #[cfg_attr(not(feature = "alloc"), inline(never))]
    pub(super) fn as_slice(&self) -> &[u8] {
        self.octets.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl<const LEN: usize> AsRef<[u8]> for FixedOctets<LEN> {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

// One code for all lengths.
fn set(array: &mut [u8], len: &mut u16, octets: &[u8]) -> Result<(), Full> {
    copy(array.get_mut(..octets.len()).ok_or(Full)?, octets);
    *len = octets.len() as u16;
    Ok(())
}
