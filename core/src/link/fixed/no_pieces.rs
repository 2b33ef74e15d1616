//! How does a frame that is longer than the array pass through it? Not at all, without the feature `pieces`.

use super::rx::Rx;
use super::{LinkError, Reader};
use crate::mechanism::Open;

/// Nothing passes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Passing {
    Nothing,
}

impl Passing {
    pub(super) fn begin<O: Open>(self, _: &mut Rx, _: &mut [u8], _: &mut Reader<O>, _: usize) -> Result<(), LinkError> {
        Err(LinkError::MessageTooLong)
    }

    pub(super) fn step(self, _: &mut Rx, _: &mut [u8]) -> Option<bool> {
        None
    }

    pub(super) fn taken(self) {}

    pub(super) fn refused(self) {}

    pub(super) fn tear(self) -> bool {
        false
    }

    pub(super) fn has_piece(self, _: &Rx) -> bool {
        false
    }

    pub(super) fn bare(self) -> Bare {
        Bare::NO
    }

    pub(super) fn extent(self) -> Extent {
        Extent::Whole
    }
}

/// Whether something is octets without frames: nothing is, and no octet says so.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bare {
    No,
}

impl Bare {
    pub(super) const NO: Self = Self::No;

    pub(super) fn is(self) -> bool {
        false
    }
}

/// How much of a message something is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Extent {
    /// All of it.
    Whole,
}
