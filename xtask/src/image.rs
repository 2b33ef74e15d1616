//! How much flash and RAM does an image take? Read from the sections of a 32-bit little-endian ELF file.

use crate::panic_sites::{half, word};

/// Octets of a board's memories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Code, constants, and the initial values of variables.
    pub(crate) flash: usize,
    /// Variables, whether or not they begin with a value.
    pub(crate) ram: usize,
}

/// What the image takes; nothing when it is no image.
pub(crate) fn memory(image: &[u8]) -> Option<Memory> {
    const HEADER_LEN: usize = 40;
    const MAGIC: &[u8] = b"\x7FELF\x01\x01";
    /// Of a section's flags.
    const WRITTEN: usize = 0b01;
    const LOADED: usize = 0b10;
    /// Of its types: it takes no place in the file, since it begins as zeros.
    const ZEROS: usize = 8;
    if !image.starts_with(MAGIC) {
        return None;
    }
    let (start, count) = (word(image, 32)?, half(image, 48)?);
    let mut memory = Memory { flash: 0, ram: 0 };
    for index in 0..count {
        let header = image.get(start + index * HEADER_LEN..)?.get(..HEADER_LEN)?;
        let (kind, flags, len) = (word(header, 4)?, word(header, 8)?, word(header, 20)?);
        if flags & LOADED == 0 {
            continue;
        }
        memory.flash += if kind == ZEROS { 0 } else { len };
        memory.ram += if flags & WRITTEN == 0 { 0 } else { len };
    }
    Some(memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An image with nothing but headers of sections, each of a type, flags and a length.
    fn image(sections: &[[u32; 3]]) -> Vec<u8> {
        let mut image = b"\x7FELF\x01\x01".to_vec();
        image.resize(52, 0);
        image[32..36].copy_from_slice(&52_u32.to_le_bytes());
        image[48..50].copy_from_slice(&(sections.len() as u16).to_le_bytes());
        for [kind, flags, len] in sections {
            let words = [0, *kind, *flags, 0, 0, *len, 0, 0, 0, 0];
            image.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        }
        image
    }

    #[test]
    fn variables_with_a_value_take_both_memories() {
        let (code, constants, values, zeros) = ([1, 0b110, 1000], [1, 0b10, 200], [1, 0b11, 30], [8, 0b11, 4]);
        let (debug, empty) = ([1, 0, 9999], [0, 0, 0]);
        let image = image(&[empty, code, constants, values, zeros, debug]);
        assert_eq!(memory(&image), Some(Memory { flash: 1230, ram: 34 }));
    }

    #[test]
    fn what_is_no_image_has_no_sizes() {
        let cut = &image(&[[1, 2, 3]])[..80];
        for octets in [&b""[..], b"#!/bin/sh", cut, &[0xFF; 100]] {
            assert_eq!(memory(octets), None);
        }
    }
}
