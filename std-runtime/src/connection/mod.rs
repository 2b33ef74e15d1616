//! What does a connection do from its first octet to its last? It shakes hands, then reads and writes until it ends.

mod assemble;
mod driver;
mod handshake;
mod read;
mod write;

pub(crate) use driver::Ended;

use crate::endpoint::Endpoint;
use crate::junction::Junction;
use crate::transport::{Incoming, Outgoing};
use std::pin::Pin;
use std::sync::Arc;
use zeptomq_core::mechanism::Mechanism;
use zeptomq_core::peer::PeerId;

/// A connection before its handshake.
pub(crate) struct Connection {
    pub(crate) incoming: Incoming,
    pub(crate) outgoing: Outgoing,
    pub(crate) junction: Arc<dyn Junction>,
    /// Where it was connected to, or where it was accepted.
    pub(crate) endpoint: Endpoint,
    /// The peer that was connected to; none for a stranger.
    pub(crate) peer: Option<PeerId>,
    /// Called when the handshake is over.
    pub(crate) on_up: Box<dyn FnOnce() + Send>,
}

/// A security mechanism, its type forgotten.
pub(crate) trait Security: Send + Sync {
    /// Lives the connection's whole life.
    fn run(&self, connection: Connection) -> Pin<Box<dyn Future<Output = Ended> + Send>>;
}

/// A mechanism that each connection begins with a copy of.
pub(crate) struct Template<M>(pub(crate) M);

impl<M> Security for Template<M>
where
    M: Mechanism + Clone + Send + Sync + 'static,
    M::Open: Send + 'static,
    M::Seal: Send + 'static,
{
    fn run(&self, connection: Connection) -> Pin<Box<dyn Future<Output = Ended> + Send>> {
        Box::pin(driver::run(self.0.clone(), connection))
    }
}
