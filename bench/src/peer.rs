//! Who takes part: the libraries that are measured beside each other.

use std::convert::Infallible;

use crate::case::{Case, Kind, Role};
use crate::child::Child;

#[cfg(any(feature = "omq", feature = "zeromq", feature = "rzmq"))]
mod generic;
#[cfg(feature = "libzmq")]
mod libzmq;
#[cfg(feature = "omq")]
mod omq;
mod raw_tokio;
#[cfg(feature = "rzmq")]
mod rzmq;
mod tasks;
#[cfg(feature = "zeptomq")]
mod zeptomq;
#[cfg(feature = "zeromq")]
mod zeromq;

/// A library, and how a process plays each role with it.
pub(crate) struct Peer {
    /// The name in the table and on the command line.
    pub(crate) name: &'static str,
    /// Version and configuration, in one line.
    pub(crate) about: fn() -> Result<String, String>,
    /// Whether the short form has it.
    pub(crate) is_in_short: bool,
    /// Whether this peer takes part in a case. What it cannot do though it has the means is a failure, and shown.
    pub(crate) takes: fn(Case) -> bool,
    /// Plays a role, which ends only by a fault.
    pub(crate) play: fn(Role, &Child) -> Result<Infallible, String>,
}

impl Peer {
    /// Every peer that is built in, in the order of the table.
    pub(crate) const ALL: &[Peer] = &[
        #[cfg(feature = "zeptomq")]
        zeptomq::PEER,
        #[cfg(feature = "zeptomq")]
        zeptomq::BATCH,
        #[cfg(feature = "libzmq")]
        libzmq::PEER,
        #[cfg(feature = "libzmq")]
        libzmq::BURST,
        #[cfg(feature = "omq")]
        omq::PEER,
        #[cfg(feature = "omq")]
        omq::BATCH,
        #[cfg(feature = "zeromq")]
        zeromq::PEER,
        #[cfg(feature = "rzmq")]
        rzmq::PEER,
        raw_tokio::PEER,
    ];

    /// Finds a peer by its name.
    pub(crate) fn named(name: &str) -> Result<&'static Peer, String> {
        Self::ALL.iter().find(|peer| peer.name == name).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|peer| peer.name).collect();
            format!("peer `{name}` is unknown or not built in; there are {}", known.join(", "))
        })
    }
}

/// What every library is measured at: not what is ours alone.
fn common(case: Case) -> bool {
    !matches!(case.kind, Kind::PushIpc | Kind::ReqIpc | Kind::Topics)
}

/// Where messages can be handed over, or taken, many at once.
fn in_batches(case: Case) -> bool {
    matches!(case.kind, Kind::Push | Kind::Flight | Kind::Pub | Kind::PubDrop | Kind::Conns)
}

/// The role is none that this peer takes part in.
fn unplayed(role: Role) -> Result<Infallible, String> {
    Err(format!("this peer does not play {role}"))
}
