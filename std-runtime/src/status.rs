//! How is each peer doing?

use crate::endpoint::Endpoint;
use crate::options::Limit;
use crate::socket::Socket;
use crate::transport::Outgoing;
use std::net::SocketAddr;
use std::sync::Arc;
use zeptomq_core::pattern::{Drops, Pattern};
use zeptomq_core::wire::SocketType;

/// One of a socket's peers, as it was when [`Socket::peers`] was called.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PeerStatus {
    /// Where it was connected to, or where it was accepted.
    pub endpoint: Endpoint,
    /// Its address, while it is connected over TCP.
    pub address: Option<SocketAddr>,
    /// Whether it is connected.
    pub is_up: bool,
    /// What it is; `None` when it did not say, or was never connected.
    pub socket_type: Option<SocketType>,
    /// What it calls itself; empty when it did not say, or was never connected.
    pub identity: Vec<u8>,
    /// What waits to be sent to it.
    pub unsent: Limit,
    /// What arrived from it and waits to be received; but for a few messages, at most 15, that a receiver has taken ahead
    /// while more than 32 waited.
    pub unreceived: Limit,
    /// What was dropped of what it sent and was to be sent.
    pub drops: Drops,
}

impl<P: Pattern + Send> Socket<P> {
    /// The peers: those that are up, those that are connected to, and those that are gone and whose messages were not all
    /// received. It takes time by their number, in which the socket stands still.
    pub fn peers(&self) -> Vec<PeerStatus> {
        let mut state = self.hub().lock();
        let status: Vec<(PeerStatus, Option<Arc<Outgoing>>)> = state
            .peers
            .iter_mut()
            .map(|peer| {
                let status = PeerStatus {
                    endpoint: peer.endpoint.clone(),
                    address: None,
                    is_up: peer.line.is_some(),
                    socket_type: peer.introduced.socket_type,
                    identity: peer.introduced.identity.to_vec(),
                    unsent: peer.outbox.load(),
                    unreceived: peer.inbox.load(),
                    drops: peer.drops,
                };
                (status, peer.line.as_ref().map(|line| line.out.clone()))
            })
            .collect();
        drop(state);
        let with_address = |(status, out): (PeerStatus, Option<Arc<Outgoing>>)| PeerStatus {
            address: out.and_then(|out| out.peer_address()),
            ..status
        };
        status.into_iter().map(with_address).collect()
    }
}
