//! What is a part of a message? A few octets that are copied with it, or a share of many.

use bytes::Bytes;
use std::fmt;
use zeptomq_core::link::Frames;

/// A part of a message: the body of one frame.
#[derive(Clone)]
pub struct Part(Octets);

/// What tells the variants apart is the last word, in `Len`, with those of a message and of what it is handed up in: so each
/// move is of pairs of words and a word, as the move before it. One that reads a pair of which only half was just
/// written stalls, which was a third of the receiver's time at 16 octets.
#[derive(Clone)]
enum Octets {
    Inline(Inline),
    Shared(Bytes),
}

/// Up to 64 octets: a part, or frames. Words to the compiler, which moves octets one by one.
#[derive(Clone, Copy)]
#[repr(C)]
struct Inline {
    words: [u64; INLINE_LEN_MAX / 8],
    len: Len,
}

/// The longest part that is kept in the message itself: to copy it twice costs less than to count who shares it.
pub(crate) const INLINE_LEN_MAX: usize = 64;

macro_rules! lens {
    ($($part:ident)* | $($frames:ident)*) => {
        /// How many octets there are, and whether they are frames: a word of which most values are left to others.
        #[derive(Clone, Copy)]
        #[repr(u64)]
        enum Len { $($part,)* $($frames),* }

        const PART: [Len; INLINE_LEN_MAX + 1] = [$(Len::$part),*];
        const FRAMES: [Len; INLINE_LEN_MAX + 1] = [$(Len::$frames),*];
    };
}

lens!(
    P0 P1 P2 P3 P4 P5 P6 P7 P8 P9 P10 P11 P12 P13 P14 P15 P16 P17 P18 P19 P20 P21 P22 P23 P24 P25 P26 P27 P28 P29 P30
    P31 P32 P33 P34 P35 P36 P37 P38 P39 P40 P41 P42 P43 P44 P45 P46 P47 P48 P49 P50 P51 P52 P53 P54 P55 P56 P57 P58
    P59 P60 P61 P62 P63 P64 |
    F0 F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12 F13 F14 F15 F16 F17 F18 F19 F20 F21 F22 F23 F24 F25 F26 F27 F28 F29 F30
    F31 F32 F33 F34 F35 F36 F37 F38 F39 F40 F41 F42 F43 F44 F45 F46 F47 F48 F49 F50 F51 F52 F53 F54 F55 F56 F57 F58
    F59 F60 F61 F62 F63 F64
);

impl Part {
    /// A part of these octets, copied into the message where they are few.
    #[inline]
    pub(crate) fn copy_from_slice(from: &[u8]) -> Self {
        match Inline::copy(from, &PART) {
            Some(few) => Self(Octets::Inline(few)),
            None => Self(Octets::Shared(Bytes::copy_from_slice(from))),
        }
    }

    /// A part of the first `len` of these octets, copied into the message with what lies behind them: a copy whose length is
    /// known is a few moves. None if they are not few, or too little lies there.
    #[inline]
    pub(crate) fn copy_from_front(from: &[u8], len: usize) -> Option<Self> {
        Some(Self(Octets::Inline(Inline::copy_front(from, len, &PART)?)))
    }

    /// What lies there as frames, kept as a part is, if that is little.
    #[inline]
    pub(crate) fn copy_frames(frames: &[u8]) -> Option<Self> {
        Some(Self(Octets::Inline(Inline::copy(frames, &FRAMES)?)))
    }

    /// The same of the first `len` of these octets.
    #[inline]
    pub(crate) fn copy_frames_from_front(from: &[u8], len: usize) -> Option<Self> {
        Some(Self(Octets::Inline(Inline::copy_front(from, len, &FRAMES)?)))
    }

    /// The frames of several parts that this is in truth.
    #[inline]
    pub(crate) fn frames(&self) -> Option<Frames<'_>> {
        match &self.0 {
            Octets::Inline(few) if few.len as usize > INLINE_LEN_MAX => Some(Frames::new(few.octets())),
            _ => None,
        }
    }

    /// A part of these octets: copied where it is short, and shared otherwise.
    pub(crate) fn of(part: &[u8], octets: &Bytes) -> Self {
        if part.len() <= INLINE_LEN_MAX {
            Self::copy_from_slice(part)
        } else {
            Self(Octets::Shared(octets.slice_ref(part)))
        }
    }

    /// The same part, keeping nothing else in memory: a handle may hold on to much more than the part, so one of less than
    /// `shared_len_min` octets is copied.
    pub(crate) fn alone(&self, shared_len_min: usize) -> Self {
        match self.shared() {
            Some(shared) if shared.len() < shared_len_min => Self::copy_from_slice(shared),
            _ => self.clone(),
        }
    }

    /// The octets that are kept in the message, with what lies behind them, and how many of them they are.
    #[inline]
    pub(crate) fn inline(&self) -> Option<(&[u8; INLINE_LEN_MAX], usize)> {
        match &self.0 {
            Octets::Inline(few) => Some((bytemuck::cast_ref(&few.words), few.octets().len())),
            Octets::Shared(_) => None,
        }
    }

    /// The octets to share without a copy, where the part has them so.
    pub(crate) fn shared(&self) -> Option<&Bytes> {
        match &self.0 {
            Octets::Inline(_) => None,
            Octets::Shared(bytes) => Some(bytes),
        }
    }
}

impl Inline {
    /// A copy of these octets, if they are few; `lens` tells what they are.
    #[inline]
    fn copy(from: &[u8], lens: &[Len; INLINE_LEN_MAX + 1]) -> Option<Self> {
        let &len = lens.get(from.len())?;
        let mut words = [0; INLINE_LEN_MAX / 8];
        let octets: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
        octets[..from.len()].copy_from_slice(from);
        Some(Self { words, len })
    }

    /// The same of the first `len` of these octets, with what lies behind them.
    #[inline]
    fn copy_front(from: &[u8], len: usize, lens: &[Len; INLINE_LEN_MAX + 1]) -> Option<Self> {
        let (&len, front) = (lens.get(len)?, from.first_chunk::<INLINE_LEN_MAX>()?);
        Some(Self { words: bytemuck::cast(*front), len })
    }

    #[inline]
    fn octets(&self) -> &[u8] {
        let len = self.len as usize;
        &bytemuck::cast_slice(&self.words)[..if len > INLINE_LEN_MAX { len - PART.len() } else { len }]
    }
}

impl AsRef<[u8]> for Part {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        match &self.0 {
            Octets::Inline(few) => few.octets(),
            Octets::Shared(bytes) => bytes,
        }
    }
}

impl From<&[u8]> for Part {
    #[inline]
    fn from(octets: &[u8]) -> Self {
        Self::copy_from_slice(octets)
    }
}

impl<const N: usize> From<&[u8; N]> for Part {
    #[inline]
    fn from(octets: &[u8; N]) -> Self {
        Self::copy_from_slice(octets)
    }
}

impl From<&str> for Part {
    fn from(text: &str) -> Self {
        Self::copy_from_slice(text.as_bytes())
    }
}

impl From<String> for Part {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<Vec<u8>> for Part {
    fn from(octets: Vec<u8>) -> Self {
        Bytes::from(octets).into()
    }
}

impl From<Bytes> for Part {
    fn from(bytes: Bytes) -> Self {
        if bytes.len() <= INLINE_LEN_MAX { Self::copy_from_slice(&bytes) } else { Self(Octets::Shared(bytes)) }
    }
}

impl From<Part> for Bytes {
    fn from(part: Part) -> Self {
        match part.0 {
            Octets::Inline(_) => Self::copy_from_slice(part.as_ref()),
            Octets::Shared(bytes) => bytes,
        }
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown(self.as_ref()).fmt(f)
    }
}

/// The octets of a part for people.
pub(crate) struct Shown<'a>(pub(crate) &'a [u8]);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(octets) = self;
        match octets.get(..64) {
            Some(start) if octets.len() > 64 => write!(f, "b\"{}…\" ({} octets)", start.escape_ascii(), octets.len()),
            _ => write!(f, "b\"{}\"", octets.escape_ascii()),
        }
    }
}
