//! How does a frame that is longer than the array pass through it? In pieces, while octets come and the user takes them.
//!
//! ```text
//!  Nothing ──► Begun ──► Going ──► Nothing        Torn: the connection was lost, and the user is to be told
//!                │         └─────► Torn ──► Nothing
//!                └─► Skipped ──► Nothing
//! ```
//! The beginning is a message like others, whose last frame is cut where the array ends; what follows has no frames.

use super::rx::Rx;
use super::{LinkError, Reader};
use crate::mechanism::Open;
use crate::wire::{FrameKind, Header};

/// A message whose last frame is passing. `left` octets of it have not come into the array.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Passing {
    Nothing,
    /// Its beginning waits for the user.
    Begun {
        left: usize,
    },
    /// The user has taken the beginning.
    Going {
        left: usize,
    },
    /// Nobody wants it.
    Skipped {
        left: usize,
    },
    /// The connection was lost, and the user was not told yet.
    Torn,
}

impl Passing {
    /// The frame at the start of what is unread does not fit. Waits until the array is full, and makes what is there the
    /// beginning.
    pub(super) fn begin<O: Open>(
        &mut self,
        rx: &mut Rx,
        octets: &mut [u8],
        reader: &mut Reader<O>,
        len_max: usize,
    ) -> Result<(), LinkError> {
        let array_len = octets.len();
        let unread = rx.unread(octets);
        let header = Header::decode(unread).ok().flatten().ok_or(LinkError::MessageTooLong)?;
        // What is sealed can be opened only whole.
        if !O::CLEAR || header.kind != FrameKind::Last || header.body_len > len_max {
            return Err(LinkError::MessageTooLong);
        }
        if rx.has_message() || !rx.has_no_room(array_len) {
            return Ok(());
        }
        let here = unread.len().saturating_sub(header.len);
        // As much of the body as is here becomes the frame.
        let size = here.to_be_bytes();
        for (to, from) in unread.iter_mut().take(header.len).skip(1).rev().zip(size.into_iter().rev()) {
            *to = from;
        }
        let used = unread.len();
        // The reader is told that the message ends here.
        reader.open_large(FrameKind::Last, &mut [])?;
        rx.take_in(used);
        rx.finish_message();
        *self = Self::Begun { left: header.body_len.saturating_sub(here) };
        Ok(())
    }

    /// Reads on while a message passes; whether it could, or nothing when none does.
    pub(super) fn step(&mut self, rx: &mut Rx, octets: &mut [u8]) -> Option<bool> {
        let unread = rx.unread(octets).len();
        match self {
            Self::Nothing => return None,
            Self::Begun { .. } | Self::Torn => (),
            Self::Going { .. } if rx.has_message() => (),
            Self::Going { left } => {
                let here = unread.min(*left);
                if here > 0 && (here == *left || rx.has_no_room(octets.len())) {
                    rx.take_in(here);
                    rx.finish_message();
                    *left -= here;
                }
            }
            Self::Skipped { left } => {
                let here = unread.min(*left);
                rx.skip(octets, here);
                *left -= here;
                if *left == 0 {
                    *self = Self::Nothing;
                }
                return Some(here > 0);
            }
        }
        Some(false)
    }

    /// The user has taken what waited.
    pub(super) fn taken(&mut self) {
        *self = match *self {
            Self::Begun { left: 0 } | Self::Going { left: 0 } | Self::Torn => Self::Nothing,
            Self::Begun { left } => Self::Going { left },
            other => other,
        };
    }

    /// Nobody wants what waited.
    pub(super) fn refused(&mut self) {
        if let Self::Begun { left } = *self {
            *self = Self::Skipped { left };
        }
    }

    /// All that had arrived was read, and the connection is lost. Whether the user is to be told of it.
    pub(super) fn tear(&mut self) -> bool {
        if matches!(self, Self::Going { .. }) {
            *self = Self::Torn;
        }
        *self == Self::Torn
    }

    /// Whether something waits that follows a beginning.
    pub(super) fn has_piece(self, rx: &Rx) -> bool {
        self == Self::Torn || self.bare().is() && rx.has_message()
    }

    /// Whether what waits has no frames.
    pub(super) fn bare(self) -> Bare {
        Bare(matches!(self, Self::Going { .. }))
    }

    /// How much of a message it is that waits.
    pub(super) fn extent(self) -> Extent {
        match self {
            Self::Nothing | Self::Skipped { .. } => Extent::Whole,
            Self::Begun { left } => Extent::Begin { left },
            Self::Going { left } => Extent::More { left },
            Self::Torn => Extent::Torn,
        }
    }
}

/// Whether something is octets without frames.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bare(bool);

impl Bare {
    pub(super) const NO: Self = Self(false);

    pub(super) fn is(self) -> bool {
        self.0
    }
}

/// How much of a message something is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Extent {
    /// All of it.
    Whole,
    /// Its beginning: of its last part so many octets are still to come.
    Begin {
        /// Octets.
        left: usize,
    },
    /// More of its last part, of which so many octets are still to come.
    More {
        /// Octets; 0 at the end.
        left: usize,
    },
    /// Nothing: the connection was lost, and the rest does not come.
    Torn,
}
