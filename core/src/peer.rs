//! Who is the other end of a link?

/// A peer of one socket: a slot in its table and which tenant of that slot it is.
///
/// A slot's next tenant has another turn, so what was meant for a peer that left never reaches its successor. Turns wrap
/// after 65,536 tenants.
// One number, so that it is passed in one register, and one that may be there in two.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PeerId(u32);

impl PeerId {
    /// The tenant of the slot in that turn.
    pub const fn new(slot: u16, turn: u16) -> Self {
        Self((turn as u32) << 16 | slot as u32)
    }

    /// Index into every table of peers.
    pub const fn slot(self) -> u16 {
        self.0 as u16
    }

    /// Which tenant of the slot.
    pub const fn turn(self) -> u16 {
        (self.0 >> 16) as u16
    }
}

impl core::fmt::Debug for PeerId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("PeerId").field("slot", &self.slot()).field("turn", &self.turn()).finish()
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for PeerId {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "PeerId {{ slot: {=u16}, turn: {=u16} }}", self.slot(), self.turn());
    }
}

/// Which side opened the connection. It decides how long the queues live.
// RFC 28 to 31: the queue of a connecting peer exists from `connect` and outlives the connection; the queue of an
// accepted peer lives and dies with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Side {
    /// We connected; we connect again when the link is lost.
    Connect,
    /// The peer connected to us.
    Accept,
}
