//! What do the first 64 octets of a connection say?
//!
//! ```text
//!  0   1         9   10      11      12                32          33        64
//!  FF  padding   7F  major   minor   mechanism (20)    as-server   filler
//! ```
//! RFC 37 "Greeting". We speak 3.1 to peers of 3.1 and later and 3.0 to peers of 3.0; older ones are sent away.

/// How long a greeting is, in octets.
pub const LEN: usize = 64;

/// The protocol version that a connection speaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Version {
    /// ZMTP 3.0: no PING unless asked, subscriptions travel as messages.
    V3_0,
    /// ZMTP 3.1: PING and PONG, subscriptions travel as commands.
    V3_1,
}

/// What a greeting says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Greeting<'a> {
    /// The version that both sides speak from here on.
    pub version: Version,
    /// The name of the security mechanism, NUL-padded to 20 octets.
    pub mechanism: &'a [u8],
    /// Whether the sender is the server of the mechanism.
    pub as_server: bool,
}

/// A mechanism's name, NUL-padded to 20 octets and compared over all of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MechanismName([u8; 20]);

/// Why octets are no greeting of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum GreetingError {
    /// The peer does not speak ZMTP at all.
    NotZmtp,
    /// The peer speaks a version below 3.0, or the never released 2.1.
    OldVersion(u8),
    /// The mechanism's name is not made of the octets that RFC 37 allows.
    BadMechanism,
}

impl<'a> Greeting<'a> {
    /// Writes the greeting, announcing 3.1.
    pub fn encode(mechanism: MechanismName, as_server: bool, out: &mut [u8; LEN]) {
        for octet in out.iter_mut() {
            *octet = 0;
            // As in `copy`: on a device, what clears memory takes more flash than this.
            core::hint::black_box(());
        }
        (out[0], out[9], out[10], out[11]) = (SIGNATURE_HEAD, SIGNATURE_TAIL, 3, 1);
        super::copy(out.get_mut(12..32).unwrap_or_default(), &mechanism.0);
        out[32] = u8::from(as_server);
    }

    /// Reads a whole greeting. The padding, the filler and, under NULL, as-server mean nothing and are not looked at.
    pub fn decode(octets: &'a [u8; LEN]) -> Result<Self, GreetingError> {
        Self::check(octets)?;
        Ok(Self {
            version: if (octets[10], octets[11]) == (3, 0) { Version::V3_0 } else { Version::V3_1 },
            mechanism: octets.get(12..32).filter(|name| is_mechanism(name)).ok_or(GreetingError::BadMechanism)?,
            as_server: octets[32] != 0,
        })
    }

    /// Looks at the part of a greeting that has arrived, so that a stranger is recognised by its first octet.
    pub fn check(arrived: &[u8]) -> Result<(), GreetingError> {
        if arrived.first().is_some_and(|&octet| octet != SIGNATURE_HEAD) {
            return Err(GreetingError::NotZmtp);
        }
        // RFC 37 "Version Negotiation": an old peer is told by the last bit of octet 9.
        if arrived.get(9).is_some_and(|octet| octet & 1 == 0) {
            return Err(GreetingError::NotZmtp);
        }
        match arrived.get(10) {
            Some(&major) if major < 3 => Err(GreetingError::OldVersion(major)),
            _ => Ok(()),
        }
    }
}

impl MechanismName {
    /// No security.
    pub const NULL: Self = Self::new("NULL");

    /// A name of at most 20 octets; what is longer is cut.
    pub const fn new(name: &str) -> Self {
        let mut octets = [0; 20];
        let (mut at, name) = (0, name.as_bytes());
        while at < name.len() && at < octets.len() {
            octets[at] = name[at];
            at += 1;
        }
        Self(octets)
    }

    /// The name without its padding.
    pub fn as_octets(&self) -> &[u8] {
        let len = self.0.iter().position(|&octet| octet == 0).unwrap_or(self.0.len());
        self.0.get(..len).unwrap_or_default()
    }

    /// Whether a greeting names this mechanism.
    pub fn is(&self, padded: &[u8]) -> bool {
        super::same(&self.0, padded)
    }
}

// RFC 37 grammar: mechanism-char = "A"-"Z" | DIGIT | "-" | "_" | "." | "+" | %x0, the NULs as padding.
fn is_mechanism(padded: &[u8]) -> bool {
    let mut name = padded;
    while let [rest @ .., 0] = name {
        name = rest;
    }
    let is_legal = |octet: &u8| matches!(octet, b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'+');
    !name.is_empty() && name.iter().all(is_legal)
}

impl core::fmt::Debug for MechanismName {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Display::fmt(self, f)
    }
}

impl core::fmt::Display for MechanismName {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(core::str::from_utf8(self.as_octets()).unwrap_or("?"))
    }
}

impl core::fmt::Display for GreetingError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NotZmtp => f.write_str("the peer does not speak ZMTP"),
            Self::OldVersion(major) => write!(f, "the peer speaks ZMTP {major}, older than 3.0"),
            Self::BadMechanism => f.write_str("the peer's greeting names no valid mechanism"),
        }
    }
}

impl core::error::Error for GreetingError {}

const SIGNATURE_HEAD: u8 = 0xFF;
const SIGNATURE_TAIL: u8 = 0x7F;

#[cfg(test)]
mod tests {
    use super::{Greeting, GreetingError, LEN, MechanismName, Version};

    fn ours(mechanism: MechanismName, as_server: bool) -> [u8; LEN] {
        let mut octets = [7; LEN];
        Greeting::encode(mechanism, as_server, &mut octets);
        octets
    }

    fn greeting(major: u8, minor: u8) -> [u8; LEN] {
        let mut octets = ours(MechanismName::NULL, false);
        (octets[10], octets[11]) = (major, minor);
        octets
    }

    #[test]
    fn our_greeting_is_vector_g1() {
        let mut vector = [0; LEN];
        vector[0] = 0xff;
        vector[9] = 0x7f;
        vector[10..16].copy_from_slice(&[3, 1, b'N', b'U', b'L', b'L']);
        assert_eq!(ours(MechanismName::NULL, false), vector);
        assert_eq!(ours(MechanismName::new("CURVE"), true)[12..33], *b"CURVE\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01");
    }

    #[test]
    fn a_peer_of_3_0_is_spoken_to_in_3_0_and_a_later_one_in_3_1() {
        for (major, minor, version) in [
            (3, 0, Version::V3_0),
            (3, 1, Version::V3_1),
            (3, 255, Version::V3_1),
            (4, 0, Version::V3_1),
            (255, 9, Version::V3_1),
        ] {
            assert_eq!(Greeting::decode(&greeting(major, minor)).unwrap().version, version, "{major}.{minor}");
        }
    }

    #[test]
    fn old_versions_are_refused() {
        for major in 0..3 {
            assert_eq!(Greeting::decode(&greeting(major, 1)), Err(GreetingError::OldVersion(major)));
        }
    }

    #[test]
    fn padding_filler_and_as_server_are_tolerated() {
        let mut octets = greeting(3, 1);
        octets[1..9].copy_from_slice(b"\0\0\0\0\0\0\0\x04");
        octets[32] = 1;
        octets[33..].fill(0xaa);
        assert!(Greeting::decode(&octets).unwrap().as_server);
    }

    #[test]
    fn a_stranger_is_known_by_its_first_octet() {
        assert_eq!(Greeting::check(b"G"), Err(GreetingError::NotZmtp));
        assert_eq!(Greeting::check(&[0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7e]), Err(GreetingError::NotZmtp));
        assert_eq!(Greeting::check(&[]), Ok(()));
        assert_eq!(Greeting::check(&greeting(3, 0)[..11]), Ok(()));
    }

    #[test]
    fn a_mechanism_is_capitals_digits_and_a_padding_of_nuls() {
        for (name, good) in [
            ("NULL", true),
            ("A-Z_0.9+", true),
            ("ABCDEFGHIJKLMNOPQRST", true),
            ("null", false),
            ("", false),
            ("NU LL", false),
            ("NU\0LL", false),
        ] {
            let octets = ours(MechanismName::new(name), false);
            assert_eq!(Greeting::decode(&octets).is_ok(), good, "{name:?}");
        }
    }
}
