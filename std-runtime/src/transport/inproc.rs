//! How do sockets of one program find each other? By names, which are kept for them.

use super::{Incoming, Outgoing, stream};
use crate::life::{Life, Phase};
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use tokio::io::DuplexStream;
use tokio::sync::{Notify, mpsc};

/// The names of one context.
#[derive(Clone, Default)]
pub(crate) struct Names(Arc<Register>);

#[derive(Default)]
struct Register {
    bound: Mutex<HashMap<String, Bound>>,
    /// A name was bound.
    news: Notify,
}

/// Who is bound to a name.
struct Bound {
    strangers: mpsc::Sender<DuplexStream>,
    life: Arc<Life>,
}

/// Those who connect to a bound name. The name is free when this is gone, or its socket closes.
pub(crate) struct Arrivals {
    strangers: mpsc::Receiver<DuplexStream>,
    names: Names,
    name: String,
}

impl Names {
    /// Those of whoever names no context.
    pub(crate) fn global() -> Self {
        static GLOBAL: LazyLock<Names> = LazyLock::new(Names::default);
        GLOBAL.clone()
    }

    /// Binds the name for as long as its socket is open.
    pub(crate) fn bind(&self, name: &str, life: Arc<Life>) -> io::Result<Arrivals> {
        let (sender, strangers) = mpsc::channel(BACKLOG);
        let mut bound = self.lock();
        if bound.get(name).is_some_and(Bound::is_open) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        bound.insert(name.into(), Bound { strangers: sender, life });
        drop(bound);
        self.0.news.notify_waiters();
        Ok(Arrivals { strangers, names: self.clone(), name: name.into() })
    }

    pub(super) async fn connect(&self, name: &str) -> io::Result<(Incoming, Outgoing)> {
        let nobody = || io::Error::new(io::ErrorKind::ConnectionRefused, "no socket of the context is bound to it");
        let bound = self.lock().get(name).filter(|bound| bound.is_open()).map(|bound| bound.strangers.clone());
        let (ours, theirs) = tokio::io::duplex(STREAM_LEN);
        bound.ok_or_else(nobody)?.send(theirs).await.map_err(|_| nobody())?;
        Ok(stream::halves(ours))
    }

    /// Waits until names were bound since this was called, and this one is.
    pub(super) fn news(&self, name: &str) -> impl Future<Output = ()> + Send {
        let mut next = self.0.news.notified();
        async move {
            loop {
                next.await;
                next = self.0.news.notified();
                if self.lock().get(name).is_some_and(Bound::is_open) {
                    return;
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Bound>> {
        self.0.bound.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bound {
    fn is_open(&self) -> bool {
        !self.life.has_reached(Phase::Closing) && !self.strangers.is_closed()
    }
}

impl Arrivals {
    pub(super) async fn accept(&mut self) -> (Incoming, Outgoing) {
        match self.strangers.recv().await {
            Some(stranger) => stream::halves(stranger),
            // Another socket has the name: ours is closing.
            None => std::future::pending().await,
        }
    }
}

impl Drop for Arrivals {
    fn drop(&mut self) {
        self.strangers.close();
        let mut bound = self.names.lock();
        // Its next owner's is open.
        if bound.get(&self.name).is_some_and(|bound| bound.strangers.is_closed()) {
            bound.remove(&self.name);
        }
    }
}

/// How much is on its way in each direction at most, in octets.
const STREAM_LEN: usize = 64 * 1024;
/// How many wait to be let in.
const BACKLOG: usize = 128;
