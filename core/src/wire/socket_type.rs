//! Which socket types are there, and which of them may talk to each other?

use super::names::Names;

/// A socket type as the `Socket-Type` property names it.
///
/// The eleven stable types of RFC 28 to 31; the drafts are not spoken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "the names are the documentation")]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SocketType {
    Pair,
    Pub,
    Sub,
    Req,
    Rep,
    Dealer,
    Router,
    Pull,
    Push,
    Xpub,
    Xsub,
}

impl SocketType {
    /// Every type that this library knows by name.
    pub const ALL: [Self; 11] = {
        let mut all = [Self::Pair; 11];
        let mut place = 0;
        while let Some(known) = Self::at(place) {
            all[place] = known;
            place += 1;
        }
        all
    };

    /// The type in that place of the row of names: computed from it, and not looked up.
    const fn at(place: usize) -> Option<Self> {
        Some(match place {
            0 => Self::Pair,
            1 => Self::Pub,
            2 => Self::Sub,
            3 => Self::Req,
            4 => Self::Rep,
            5 => Self::Dealer,
            6 => Self::Router,
            7 => Self::Pull,
            8 => Self::Push,
            9 => Self::Xpub,
            10 => Self::Xsub,
            _ => return None,
        })
    }

    /// The name on the wire, in capitals.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pair => "PAIR",
            Self::Pub => "PUB",
            Self::Sub => "SUB",
            Self::Req => "REQ",
            Self::Rep => "REP",
            Self::Dealer => "DEALER",
            Self::Router => "ROUTER",
            Self::Pull => "PULL",
            Self::Push => "PUSH",
            Self::Xpub => "XPUB",
            Self::Xsub => "XSUB",
        }
    }

    /// The type with that name on the wire. Case matters, as it does to libzmq.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::at(NAMES.find(name)?)
    }

    /// The name's octets, behind how many there are, in one.
    pub(super) fn behind_its_length(self) -> &'static [u8] {
        NAMES.at(self as usize)
    }

    /// Whether a socket of this type may talk to one of type `peer`.
    // RFC 37 "Socket Type Property": a peer SHOULD enforce that the other has a compatible type.
    pub const fn accepts(self, peer: Self) -> bool {
        self.peers() & peer.bit() != 0
    }

    /// The types that one of this type may talk to, each as its bit: a table of all of them, which the pairs are not.
    const fn peers(self) -> u16 {
        use SocketType::*;
        match self {
            Pair => Pair.bit(),
            Pub | Xpub => Sub.bit() | Xsub.bit(),
            Sub | Xsub => Pub.bit() | Xpub.bit(),
            Push => Pull.bit(),
            Pull => Push.bit(),
            Req => Rep.bit() | Router.bit(),
            Rep => Req.bit() | Dealer.bit(),
            Dealer => Rep.bit() | Dealer.bit() | Router.bit(),
            Router => Req.bit() | Dealer.bit() | Router.bit(),
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }

    /// Whether peers of this type name themselves in the `Identity` property.
    // RFC 37 "Identity Property": REQ, DEALER and ROUTER sockets may specify it; libzmq sends it for these three alone.
    pub const fn has_identity(self) -> bool {
        matches!(self, Self::Req | Self::Dealer | Self::Router)
    }
}

/// The names again, in the order of the types.
const NAMES: Names = Names(b"\x04PAIR\x03PUB\x03SUB\x03REQ\x03REP\x06DEALER\x06ROUTER\x04PULL\x04PUSH\x04XPUB\x04XSUB");

impl core::fmt::Display for SocketType {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::SocketType;

    #[test]
    fn legal_pairs_are_legal_both_ways() {
        let mut pairs = 0;
        for ours in SocketType::ALL {
            for theirs in SocketType::ALL {
                assert_eq!(ours.accepts(theirs), theirs.accepts(ours), "{ours} {theirs}");
                pairs += usize::from(ours.accepts(theirs));
            }
        }
        assert_eq!(pairs, 1 + 8 + 2 + 4 + 2 + 4);
    }

    #[test]
    fn a_name_is_read_back_and_case_matters() {
        for known in SocketType::ALL {
            assert_eq!(SocketType::from_name(known.name().as_bytes()), Some(known));
            assert_eq!(
                known.behind_its_length().split_first(),
                Some((&(known.name().len() as u8), known.name().as_bytes()))
            );
        }
        assert_eq!(SocketType::from_name(b"push"), None);
        assert_eq!(SocketType::from_name(b"PUSH "), None);
        assert_eq!(SocketType::from_name(b""), None);
    }
}
