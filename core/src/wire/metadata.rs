//! What does a peer say of itself when it is ready?
//!
//! ```text
//!  metadata = *( name length (1)  name  value length (4)  value )
//! ```
//! RFC 37 "Metadata".

use super::{Octets, Short, SocketType};

/// What the metadata of a peer says that concerns us.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PeerInfo<'a> {
    /// Its type; `None` when it did not say, which RFC 37 permits.
    pub socket_type: Option<SocketType>,
    /// The identity that it chose, empty when it chose none. At most 255 octets, the first of them not zero.
    pub identity: &'a [u8],
}

/// Why metadata is refused. The peer is at fault; the connection cannot go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum MetadataError {
    /// A property is cut short, or its name is empty or has an illegal octet.
    Malformed,
    /// `Socket-Type` or `Identity` stands twice.
    Duplicate,
    /// The socket type is none that we know.
    UnknownSocketType,
    /// The identity is longer than 255 octets or begins with a zero octet.
    BadIdentity,
}

/// The longest identity, in octets.
pub const IDENTITY_LEN_MAX: usize = 255;

impl<'a> PeerInfo<'a> {
    /// Of one that said nothing.
    pub const UNKNOWN: Self = Self { socket_type: None, identity: &[] };

    /// Reads the whole of the metadata; properties that mean nothing to us are checked and passed over.
    #[cfg_attr(not(feature = "alloc"), inline(never))]
    pub fn decode(mut metadata: &'a [u8]) -> Result<Self, MetadataError> {
        let (mut socket_type, mut identity) = (None, None);
        while !metadata.is_empty() {
            let (name, value, rest) = property(metadata).ok_or(MetadataError::Malformed)?;
            metadata = rest;
            let known = match name {
                _ if is_name(name, SOCKET_TYPE) => &mut socket_type,
                _ if is_name(name, IDENTITY) => &mut identity,
                _ => continue,
            };
            if known.replace(value).is_some() {
                return Err(MetadataError::Duplicate);
            }
        }
        let identity = identity.unwrap_or_default();
        check_identity(identity)?;
        let socket_type = match socket_type {
            Some(name) => Some(SocketType::from_name(name).ok_or(MetadataError::UnknownSocketType)?),
            None => None,
        };
        Ok(Self { socket_type, identity })
    }

    /// Writes the metadata; `Identity` only for the types that have one.
    pub fn encode(&self, out: &mut impl Octets) -> Result<(), Short> {
        let Some(socket_type) = self.socket_type else { return Ok(()) };
        out.put(BEFORE_TYPE)?;
        out.put(socket_type.behind_its_length())?;
        if socket_type.has_identity() {
            out.put(IDENTITY)?;
            out.put(&(self.identity.len() as u32).to_be_bytes())?;
            out.put(self.identity)?;
        }
        Ok(())
    }
}

/// Whether a socket may call itself so: at most 255 octets, the first not zero; empty for none.
// RFC 37 "Identity Property": 0 to 255 octets, and it SHALL NOT start with a zero octet.
pub fn check_identity(identity: &[u8]) -> Result<(), MetadataError> {
    if identity.len() > IDENTITY_LEN_MAX || identity.first() == Some(&0) {
        return Err(MetadataError::BadIdentity);
    }
    Ok(())
}

impl core::fmt::Display for MetadataError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the metadata is malformed",
            Self::Duplicate => "the metadata names a property twice",
            Self::UnknownSocketType => "the metadata names an unknown socket type",
            Self::BadIdentity => "an identity is 1 to 255 octets, the first of them not zero",
        })
    }
}

impl core::error::Error for MetadataError {}

// Names behind their lengths.
const SOCKET_TYPE: &[u8] = BEFORE_TYPE.split_at(BEFORE_TYPE.len() - 3).0;
const IDENTITY: &[u8] = b"\x08Identity";
/// The first of them with all of the length of its value but the last octet: the value is shorter than 256.
const BEFORE_TYPE: &[u8] = b"\x0bSocket-Type\0\0\0";

// RFC 37 "Metadata": names are case-insensitive.
#[inline(never)]
fn is_name(name: &[u8], known: &[u8]) -> bool {
    name.eq_ignore_ascii_case(known)
}

/// The first property's name, behind its length, and value, and what follows it.
fn property(metadata: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let name_len = metadata.first()?;
    let (name, rest) = metadata.split_at_checked(1 + usize::from(*name_len))?;
    // RFC 37 grammar: name = OCTET 1*255name-char, name-char = ALPHA | DIGIT | "-" | "_" | "." | "+".
    if *name_len == 0
        || !name.iter().skip(1).all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.' | b'+'))
    {
        return None;
    }
    let (value_len, rest) = rest.split_first_chunk()?;
    // RFC 37 "Metadata": a value is 0 to 2^31 - 1 octets; more than that cannot be here whole.
    let value_len = usize::try_from(u32::from_be_bytes(*value_len)).ok()?;
    let (value, rest) = rest.split_at_checked(value_len)?;
    Some((name, value, rest))
}

#[cfg(test)]
mod tests {
    use super::{MetadataError, PeerInfo};
    use crate::wire::{Command, SocketType, Window};

    fn ready(info: PeerInfo<'_>) -> heapless::Vec<u8, 400> {
        let (mut metadata, mut frame) = ([0; 330], [0; 400]);
        let mut window = Window::new(&mut metadata);
        info.encode(&mut window).unwrap();
        let len = window.len();
        let mut window = Window::new(&mut frame);
        Command::Ready(&metadata[..len]).encode(&mut window).unwrap();
        let len = window.len();
        heapless::Vec::from_slice(&frame[..len]).unwrap()
    }

    #[test]
    fn ready_is_the_vectors_r1_r2_and_r3() {
        let info = |socket_type, identity| PeerInfo { socket_type: Some(socket_type), identity };
        for (info, vector) in [
            (info(SocketType::Push, b""), &b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PUSH"[..]),
            (info(SocketType::Dealer, b""), b"\x04\x29\x05READY\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\0"),
            (
                info(SocketType::Dealer, b"cli1"),
                b"\x04\x2d\x05READY\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\x04cli1",
            ),
        ] {
            assert_eq!(ready(info), vector);
            assert_eq!(PeerInfo::decode(&vector[8..]), Ok(info));
            for cut in 9..vector.len() {
                // A cut between two properties leaves whole metadata, here the one of the shorter vector.
                if cut != 8 + 22 {
                    assert_eq!(PeerInfo::decode(&vector[8..cut]), Err(MetadataError::Malformed), "{cut}");
                }
            }
            assert_eq!(PeerInfo::decode(&[&vector[8..], b"x"].concat()), Err(MetadataError::Malformed));
        }
    }

    #[test]
    fn names_are_read_in_any_case_and_unknown_properties_are_passed_over() {
        let metadata = b"\x0bSOCKET-type\0\0\0\x04PULL\x05X-any\0\0\0\x01z\x08resource\0\0\0\0";
        assert_eq!(PeerInfo::decode(metadata), Ok(PeerInfo { socket_type: Some(SocketType::Pull), identity: b"" }));
        assert_eq!(PeerInfo::decode(b""), Ok(PeerInfo { socket_type: None, identity: b"" }));
    }

    #[test]
    fn bad_properties_are_refused() {
        for (metadata, error) in [
            (&b"\x00\0\0\0\0"[..], MetadataError::Malformed),
            (b"\x01 \0\0\0\0", MetadataError::Malformed),
            (b"\x01x\x80\0\0\0", MetadataError::Malformed),
            (b"\x01x\xff\xff\xff\xff", MetadataError::Malformed),
            (b"\x0bSocket-Type\0\0\0\x04PULL\x0bSocket-Type\0\0\0\x04PULL", MetadataError::Duplicate),
            (b"\x08Identity\0\0\0\x01a\x08Identity\0\0\0\x01b", MetadataError::Duplicate),
            (b"\x0bSocket-Type\0\0\0\x04NULL", MetadataError::UnknownSocketType),
            (b"\x08Identity\0\0\0\x02\0a", MetadataError::BadIdentity),
        ] {
            assert_eq!(PeerInfo::decode(metadata), Err(error), "{metadata:?}");
        }
    }

    #[test]
    fn an_identity_of_255_octets_is_accepted_and_one_of_256_is_not() {
        for (len, good) in [(0u16, true), (1, true), (255, true), (256, false)] {
            let metadata = [&b"\x08Identity\0\0"[..], &len.to_be_bytes(), &[b'i'; 256][..usize::from(len)]].concat();
            assert_eq!(PeerInfo::decode(&metadata).is_ok(), good, "{len}");
        }
    }
}
