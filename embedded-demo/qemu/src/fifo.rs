//! How does a frame lie in the words of the Ethernet MAC's FIFO?
//!
//! ```text
//!            0       2              16                    len - 4   len
//!  received  | len   | header (14)  | payload             | FCS (4) | padding to a word
//!  sent      | payld | header (14)  | payload             | padding to a word
//! ```
//!
//! `len` counts everything but the padding, `payld` the payload alone; both are little-endian. A frame is kept as it
//! lies there, so that its payload begins at a multiple of four.

/// The longest frame, in octets: header and payload, without the FCS.
pub(crate) const FRAME_LEN_MAX: usize = 1514;

/// What a frame takes: its length, itself, its FCS, and padding to a word.
pub(crate) const BUFFER_LEN: usize = (PREFIX_LEN + FRAME_LEN_MAX + FCS_LEN).next_multiple_of(WORD_LEN);

const PREFIX_LEN: usize = 2;
const HEADER_LEN: usize = 14;
const FCS_LEN: usize = 4;
const WORD_LEN: usize = 4;

/// The largest `len` that a device of 2 KB can mean.
const FIFO_LEN: usize = 2048;

/// Memory for one frame.
pub(crate) struct Buffer([u8; BUFFER_LEN]);

/// Why there is no frame to see.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// Too short for a header, or longer than `FRAME_LEN_MAX`; the FIFO stands at the next frame.
    Length,
    /// The length makes no sense, so that nobody knows where the next frame begins: the FIFO has to be emptied.
    Lost,
}

impl Buffer {
    pub(crate) const EMPTY: Self = Self([0; BUFFER_LEN]);

    /// Takes one frame, word by word; returns its length in octets.
    pub(crate) fn receive(&mut self, mut word: impl FnMut() -> u32) -> Result<usize, Dropped> {
        let first = word().to_le_bytes();
        let len = usize::from(u16::from_le_bytes([first[0], first[1]]));
        if !(WORD_LEN..=FIFO_LEN).contains(&len) {
            return Err(Dropped::Lost);
        }
        let mut room = self.0.as_chunks_mut::<WORD_LEN>().0.iter_mut();
        if let Some(place) = room.next() {
            *place = first;
        }
        for _ in 1..len.div_ceil(WORD_LEN) {
            let word = word().to_le_bytes();
            if let Some(place) = room.next() {
                *place = word;
            }
        }
        let frame_len = len.saturating_sub(PREFIX_LEN + FCS_LEN);
        if (HEADER_LEN..=FRAME_LEN_MAX).contains(&frame_len) { Ok(frame_len) } else { Err(Dropped::Length) }
    }

    /// Gives one frame of `frame_len` octets away, word by word.
    pub(crate) fn transmit(&mut self, frame_len: usize, mut word: impl FnMut(u32)) {
        let frame_len = frame_len.min(FRAME_LEN_MAX);
        let payload_len = frame_len.saturating_sub(HEADER_LEN) as u16;
        if let Some(prefix) = self.0.first_chunk_mut() {
            *prefix = payload_len.to_le_bytes();
        }
        let words = (PREFIX_LEN + frame_len).div_ceil(WORD_LEN);
        for octets in self.0.as_chunks::<WORD_LEN>().0.iter().take(words) {
            word(u32::from_le_bytes(*octets));
        }
    }

    /// The frame's octets, at most `FRAME_LEN_MAX`.
    pub(crate) fn frame(&mut self, frame_len: usize) -> &mut [u8] {
        let end = PREFIX_LEN + frame_len.min(FRAME_LEN_MAX);
        self.0.get_mut(PREFIX_LEN..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the device holds for a frame of so many octets, which count up from 1.
    fn received(frame_len: usize) -> Vec<u8> {
        let len = (PREFIX_LEN + frame_len + FCS_LEN) as u16;
        let mut octets = len.to_le_bytes().to_vec();
        octets.extend((1..=frame_len).map(|octet| octet as u8));
        octets.extend([0xFC; FCS_LEN]);
        octets.resize(octets.len().next_multiple_of(WORD_LEN), 0);
        octets
    }

    fn words(octets: &[u8]) -> impl FnMut() -> u32 {
        let mut words = octets.as_chunks::<WORD_LEN>().0.iter();
        move || u32::from_le_bytes(*words.next().expect("a word too many was read"))
    }

    #[test]
    fn frames_of_every_length_arrive_as_they_are_or_are_dropped_to_their_last_word() {
        for frame_len in 0..=FIFO_LEN - PREFIX_LEN - FCS_LEN {
            let (mut buffer, octets) = (Buffer::EMPTY, [received(frame_len), received(60)].concat());
            let mut words = words(&octets);
            let outcome = buffer.receive(&mut words);
            if (HEADER_LEN..=FRAME_LEN_MAX).contains(&frame_len) {
                assert_eq!(outcome, Ok(frame_len));
                assert_eq!(buffer.frame(frame_len), &octets[PREFIX_LEN..][..frame_len]);
            } else {
                assert_eq!(outcome, Err(Dropped::Length), "{frame_len}");
            }
            assert_eq!(buffer.receive(&mut words), Ok(60), "the frame after one of {frame_len}");
        }
    }

    #[test]
    fn a_length_that_no_device_means_is_not_followed() {
        for len in [0, 1, 3, FIFO_LEN + 1, 0xFFFF] {
            let (mut buffer, mut read) = (Buffer::EMPTY, 0);
            let outcome = buffer.receive(|| {
                read += 1;
                len as u32
            });
            assert_eq!((outcome, read), (Err(Dropped::Lost), 1));
        }
    }

    #[test]
    fn what_is_sent_is_the_payloads_length_and_the_frame() {
        for frame_len in [14, 15, 16, 17, 60, 1513, 1514] {
            let (mut buffer, mut sent) = (Buffer::EMPTY, Vec::new());
            let octets: Vec<u8> = (1..=frame_len).map(|octet| octet as u8).collect();
            buffer.frame(frame_len).copy_from_slice(&octets);
            buffer.transmit(frame_len, |word| sent.extend(word.to_le_bytes()));
            assert_eq!(usize::from(u16::from_le_bytes([sent[0], sent[1]])), frame_len - HEADER_LEN);
            assert_eq!(&sent[PREFIX_LEN..][..frame_len], octets);
            assert_eq!(sent.len(), (PREFIX_LEN + frame_len).next_multiple_of(WORD_LEN));
        }
    }
}
