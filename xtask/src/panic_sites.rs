//! Which places in the source can an image still panic at?
//!
//! Every panic carries a `core::panic::Location`: four words, which are the address and length of the file's name,
//! the line and the column. Whatever in the image looks like one, and points at the name of a Rust file, is one.

/// The places in a 32-bit little-endian ELF image, as `file:line:column`, sorted, each once.
pub(crate) fn panic_sites(image: &[u8]) -> Vec<String> {
    let sections = sections(image);
    let mut sites: Vec<String> = sections
        .iter()
        .flat_map(|section| section.octets.windows(16).step_by(4))
        .filter_map(|record| site(record, &sections))
        .collect();
    sites.sort_unstable();
    sites.dedup();
    sites
}

/// Octets of the image with the address that they are loaded at.
struct Section<'a> {
    address: usize,
    octets: &'a [u8],
}

/// The sections that are loaded and hold octets; none when the image is not what it should be.
fn sections(image: &[u8]) -> Vec<Section<'_>> {
    const HEADER_LEN: usize = 40;
    const PROGBITS: usize = 1;
    let (Some(start), Some(count)) = (word(image, 32), half(image, 48)) else {
        return Vec::new();
    };
    let headers = (0..count).filter_map(|index| image.get(start + index * HEADER_LEN..)?.get(..HEADER_LEN));
    headers
        .filter(|header| word(header, 4) == Some(PROGBITS))
        .filter_map(|header| {
            let (address, offset, len) = (word(header, 12)?, word(header, 16)?, word(header, 20)?);
            let octets = image.get(offset..offset.checked_add(len)?)?;
            (address != 0).then_some(Section { address, octets })
        })
        .collect()
}

fn site(record: &[u8], sections: &[Section<'_>]) -> Option<String> {
    let (address, len) = (word(record, 0)?, word(record, 4)?);
    let (line, column) = (word(record, 8)?, word(record, 12)?);
    let plausible = (4..1_000).contains(&len) && (1..100_000).contains(&line) && (1..1_000).contains(&column);
    if !plausible {
        return None;
    }
    let name = sections.iter().find_map(|section| {
        let start = address.checked_sub(section.address)?;
        section.octets.get(start..start.checked_add(len)?)
    })?;
    let name = std::str::from_utf8(name).ok()?;
    name.ends_with(".rs").then(|| format!("{name}:{line}:{column}"))
}

/// The word of 32 bits at an offset.
pub(crate) fn word(octets: &[u8], at: usize) -> Option<usize> {
    let octets = octets.get(at..)?.first_chunk()?;
    usize::try_from(u32::from_le_bytes(*octets)).ok()
}

/// The half of a word at an offset.
pub(crate) fn half(octets: &[u8], at: usize) -> Option<usize> {
    let octets = octets.get(at..)?.first_chunk()?;
    Some(usize::from(u16::from_le_bytes(*octets)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: u32 = 0x0001_0000;
    const NAME: &[u8] = b"core/src/wire/frame.rs";

    /// An image with one section, which holds the file's name, two octets of padding and these words.
    fn image(words: &[u32]) -> Vec<u8> {
        let mut section = NAME.to_vec();
        section.resize(24, 0);
        section.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        let mut image = vec![0; 52];
        image[32..36].copy_from_slice(&52_u32.to_le_bytes());
        image[48..50].copy_from_slice(&1_u16.to_le_bytes());
        let len = section.len() as u32;
        image.extend([0, 1, 2, ADDRESS, 92, len, 0, 0, 0, 0].iter().flat_map(|word| word.to_le_bytes()));
        image.extend(section);
        image
    }

    #[test]
    fn a_location_is_found_once() {
        let location = [ADDRESS, NAME.len() as u32, 42, 9];
        let words = [&[7], &location[..], &location[..]].concat();
        assert_eq!(panic_sites(&image(&words)), ["core/src/wire/frame.rs:42:9"]);
    }

    #[test]
    fn other_words_are_no_location() {
        let len = NAME.len() as u32;
        for words in
            [[ADDRESS, len, 0, 9], [ADDRESS - 1, len, 42, 9], [ADDRESS, len - 1, 42, 9], [ADDRESS, u32::MAX, 42, 9]]
        {
            assert_eq!(panic_sites(&image(&words)), [""; 0]);
        }
    }

    #[test]
    fn what_is_no_image_has_none() {
        assert_eq!(panic_sites(&[]), [""; 0]);
        assert_eq!(panic_sites(&[0xff; 100]), [""; 0]);
    }
}
