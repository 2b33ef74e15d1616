//! Who takes part: the libraries that are measured beside each other.

use std::convert::Infallible;

use crate::case::Role;
use crate::child::Child;

#[cfg(feature = "libzmq")]
mod libzmq;
mod raw_tokio;
#[cfg(feature = "zeptomq")]
mod zeptomq;

/// A library, and how a process plays each role with it. A role ends only by a fault.
pub(crate) struct Peer {
    /// The name in the table and on the command line.
    pub(crate) name: &'static str,
    /// Version and configuration, in one line.
    pub(crate) about: fn() -> Result<String, String>,
    push: Play,
    pull: Play,
    req: Play,
    rep: Play,
}

type Play = fn(&Child) -> Result<Infallible, String>;

impl Peer {
    /// Every peer that is built in, in the order of the table.
    pub(crate) const ALL: &[Peer] = &[
        #[cfg(feature = "zeptomq")]
        zeptomq::PEER,
        #[cfg(feature = "libzmq")]
        libzmq::PEER,
        raw_tokio::PEER,
    ];

    /// The peer that ratios are taken to.
    pub(crate) const ANCHOR: &str = "libzmq";

    /// Finds a peer by its name.
    pub(crate) fn named(name: &str) -> Result<&'static Peer, String> {
        Self::ALL.iter().find(|peer| peer.name == name).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|peer| peer.name).collect();
            format!("peer `{name}` is unknown or not built in; there are {}", known.join(", "))
        })
    }

    /// Plays a role until a fault.
    pub(crate) fn play(&self, role: Role, child: &Child) -> Result<Infallible, String> {
        let play = match role {
            Role::Push => self.push,
            Role::Pull => self.pull,
            Role::Req => self.req,
            Role::Rep => self.rep,
        };
        play(child)
    }
}
