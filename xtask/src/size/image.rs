//! How large is what an image holds? Its sections and symbols say.

use std::collections::BTreeMap;

/// What the tables of a 32-bit little-endian ELF image say.
pub(super) struct Image {
    sections: BTreeMap<String, Vec<u8>>,
    /// Octets of each section, for those too that have none in the file.
    lens: BTreeMap<String, u32>,
    symbols: Vec<Symbol>,
}

struct Symbol {
    name: String,
    address: u32,
    len: u32,
}

impl Image {
    /// Reads the image's tables; `None` when it is not what it should be.
    pub(super) fn read(image: &[u8]) -> Option<Self> {
        const HEADER_LEN: usize = 40;
        let (start, count, names_at) = (word(image, 32)? as usize, half(image, 48)?, half(image, 50)?);
        let headers: Vec<Header> = (0..usize::from(count))
            .map(|index| Header::read(image.get(start + index * HEADER_LEN..)?))
            .collect::<Option<_>>()?;
        let names = headers.get(usize::from(names_at))?.octets(image)?;
        let mut read = Self { sections: BTreeMap::new(), lens: BTreeMap::new(), symbols: Vec::new() };
        for header in &headers {
            let name = text(names, header.name)?;
            read.lens.insert(name.clone(), header.len);
            if header.kind != NO_OCTETS {
                read.sections.insert(name, header.octets(image)?.to_vec());
            }
            if header.kind == SYMBOLS {
                let names = headers.get(header.link as usize)?.octets(image)?;
                let symbols = header.octets(image)?.chunks_exact(16).map(|symbol| Symbol::read(symbol, names));
                read.symbols = symbols.collect::<Option<_>>()?;
            }
        }
        Some(read)
    }

    /// Octets that lie in flash: code, constants, and the first values of variables.
    pub(super) fn flash(&self) -> u32 {
        self.len(".text") + self.len(".rodata") + self.len(".data")
    }

    /// Octets of RAM that are taken before the first instruction.
    pub(super) fn ram(&self) -> u32 {
        self.len(".data") + self.len(".bss")
    }

    /// Octets of the functions that the compiler brings along, such as memcpy.
    pub(super) fn builtins(&self) -> u32 {
        let ours = self.symbols.iter().filter(|symbol| is_builtin(&symbol.name));
        // A function may go by several names.
        let places: BTreeMap<u32, u32> = ours.map(|symbol| (symbol.address, symbol.len)).collect();
        places.values().sum()
    }

    /// Where a name of the linker's layout lies.
    pub(super) fn address(&self, name: &str) -> Option<u32> {
        self.symbols.iter().find(|symbol| symbol.name == name).map(|symbol| symbol.address)
    }

    /// The pairs that the image notes of its sockets: their size, and what a further peer costs beside its buffers.
    pub(super) fn sizes(&self) -> Vec<(u32, u32)> {
        let octets = self.sections.get(".sizes").map(Vec::as_slice).unwrap_or_default();
        octets.chunks_exact(8).filter_map(|pair| Some((word(pair, 0)?, word(pair, 4)?))).collect()
    }

    fn len(&self, section: &str) -> u32 {
        self.lens.get(section).copied().unwrap_or(0)
    }
}

struct Header {
    name: u32,
    kind: u32,
    offset: u32,
    len: u32,
    link: u32,
}

impl Header {
    fn read(octets: &[u8]) -> Option<Self> {
        let word = |at| word(octets, at);
        Some(Self { name: word(0)?, kind: word(4)?, offset: word(16)?, len: word(20)?, link: word(24)? })
    }

    fn octets<'a>(&self, image: &'a [u8]) -> Option<&'a [u8]> {
        if self.kind == NO_OCTETS {
            return Some(&[]);
        }
        image.get(self.offset as usize..)?.get(..self.len as usize)
    }
}

impl Symbol {
    fn read(octets: &[u8], names: &[u8]) -> Option<Self> {
        let name = text(names, word(octets, 0)?)?;
        Some(Self { name, address: word(octets, 4)?, len: word(octets, 8)? })
    }
}

/// Whether the function is one of the compiler's: C's names for memory, the names of the ABI, and what stands behind.
fn is_builtin(name: &str) -> bool {
    ["memcpy", "memmove", "memset", "memcmp", "bcmp"].contains(&name)
        || ["__aeabi_", "__udiv", "__umod", "__div", "__mod", "__mul"].iter().any(|start| name.starts_with(start))
        || name.contains("compiler_builtins")
}

fn text(names: &[u8], at: u32) -> Option<String> {
    let name = names.get(at as usize..)?.split(|octet| *octet == 0).next()?;
    Some(String::from_utf8_lossy(name).into_owned())
}

fn word(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().map(|octets| u32::from_le_bytes(*octets))
}

fn half(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..)?.first_chunk().map(|octets| u16::from_le_bytes(*octets))
}

const SYMBOLS: u32 = 2;
const NO_OCTETS: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    /// An image of sections, each with its name, kind and octets; symbols find their names in section 1.
    fn image(sections: &[(&str, u32, &[u8])]) -> Vec<u8> {
        let mut names = Vec::new();
        let mut image = vec![0; 52];
        let mut headers = Vec::new();
        for (name, kind, octets) in sections {
            let words = [names.len() as u32, *kind, 0, 0, image.len() as u32, octets.len() as u32, 1, 0, 0, 0];
            headers.extend(words.iter().flat_map(|word| word.to_le_bytes()));
            names.extend(name.bytes().chain([0]));
            image.extend(*octets);
        }
        let words = [names.len() as u32, 3, 0, 0, image.len() as u32, names.len() as u32 + 1, 0, 0, 0, 0];
        headers.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        image.extend(names.iter().chain(&[0]));
        let start = image.len() as u32;
        image[32..36].copy_from_slice(&start.to_le_bytes());
        image[48..50].copy_from_slice(&(sections.len() as u16 + 1).to_le_bytes());
        image[50..52].copy_from_slice(&(sections.len() as u16).to_le_bytes());
        image.extend(headers);
        image
    }

    fn symbol(name: u32, address: u32, len: u32) -> Vec<u8> {
        [name, address, len, 0].iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    #[test]
    fn an_image_is_as_large_as_its_sections() {
        let image =
            image(&[(".text", 1, &[0; 9]), (".rodata", 1, &[0; 3]), (".data", 1, &[0; 2]), (".bss", 1, &[0; 5])]);
        let image = Image::read(&image).unwrap();
        assert_eq!((image.flash(), image.ram()), (14, 7));
        assert!(image.sizes().is_empty());
    }

    #[test]
    fn a_builtin_of_two_names_counts_once() {
        let names = b"\0memcpy\0__aeabi_memcpy\0ours\0";
        let symbols = [symbol(1, 16, 40), symbol(8, 16, 40), symbol(23, 99, 7)].concat();
        let image = Image::read(&image(&[(".text", 1, &[]), (".names", 3, names), (".symbols", 2, &symbols)])).unwrap();
        assert_eq!((image.builtins(), image.address("ours"), image.address("theirs")), (40, Some(99), None));
    }

    #[test]
    fn what_is_no_image_is_none() {
        for octets in [&[][..], &[0xff; 100]] {
            assert!(Image::read(octets).is_none());
        }
    }
}
