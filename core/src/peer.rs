//! Who is the other end of a link?

/// A peer of one socket: a slot in its table and which tenant of that slot it is.
///
/// A slot's next tenant has another `turn`, so what was meant for a peer that left never reaches its successor.
/// Turns wrap after 65,536 tenants.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
// In one word, so that it is passed in one register.
#[repr(C, align(4))]
pub struct PeerId {
    /// Index into every table of peers.
    pub slot: u16,
    /// Which tenant of the slot.
    pub turn: u16,
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
