//! How does a stranger become a connection?

use crate::connection::{Connection, Ended};
use crate::endpoint::{Endpoint, EndpointError};
use crate::hub::Shared;
use crate::junction::Junction;
use crate::life::Phase;
use crate::monitor::Event;
use crate::transport::{Incoming, Listener, Outgoing, ipc, tcp};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

/// Why a socket could not be bound.
#[derive(Debug)]
#[non_exhaustive]
pub enum BindError {
    /// The text is no endpoint, or the call was outside a runtime.
    Endpoint(EndpointError),
    /// The NULL mechanism lets anyone in and hides nothing, and the address is not loopback.
    Unauthenticated(Endpoint),
    /// The system refused.
    Io(Endpoint, io::Error),
    /// The socket is closed.
    Closed,
}

/// Listens on the endpoint. Returns the listener and where it is, the port resolved.
pub(crate) async fn listen(endpoint: Endpoint, shared: &Shared) -> Result<(Listener, Endpoint), BindError> {
    let options = &shared.options;
    let bound = match &endpoint {
        Endpoint::Tcp { host, port } => {
            if !options.unauthenticated
                && !tcp::is_loopback(host).await.map_err(|error| BindError::Io(endpoint.clone(), error))?
            {
                return Err(BindError::Unauthenticated(endpoint));
            }
            tcp::bind(host, *port, &options.tcp).await
        }
        Endpoint::Ipc(path) => ipc::bind(path),
        Endpoint::Inproc(name) => {
            let arrivals = options.names.bind(name, shared.life.clone());
            arrivals.map(|arrivals| (Listener::Inproc(arrivals), endpoint.clone()))
        }
        Endpoint::Stream(_) => return Err(EndpointError::Stream(endpoint.to_string()).into()),
    };
    bound.map_err(|error| BindError::Io(endpoint, error))
}

/// Lets strangers in until the socket closes.
pub(crate) async fn accept(junction: Arc<dyn Junction>, mut listener: Listener, endpoint: Endpoint) {
    let life = &junction.shared().life;
    let strangers = Strangers::default();
    loop {
        let halves = tokio::select! {
            halves = listener.accept() => halves,
            () = life.reach(Phase::Closing) => return,
        };
        strangers.admit(&junction, halves, endpoint.clone(), &Handle::current());
    }
}

/// Who is shaking hands, the oldest first.
#[derive(Clone, Default)]
pub(crate) struct Strangers(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    next: u64,
    tasks: BTreeMap<u64, Option<AbortHandle>>,
}

impl Strangers {
    /// Has a task shake hands with a stranger and, if it becomes a peer, live its connection.
    pub(crate) fn admit(
        &self,
        junction: &Arc<dyn Junction>,
        (incoming, outgoing): (Incoming, Outgoing),
        endpoint: Endpoint,
        runtime: &Handle,
    ) {
        let id = self.make_room(junction.shared().options.handshakes_max);
        let strangers = self.clone();
        let connection = Connection {
            incoming,
            outgoing,
            junction: junction.clone(),
            endpoint: endpoint.clone(),
            peer: None,
            on_up: Box::new(move || strangers.forget(id)),
        };
        let running = junction.shared().options.security.run(connection);
        let (strangers, junction) = (self.clone(), junction.clone());
        let task = runtime.spawn(async move {
            let ended = running.await;
            strangers.forget(id);
            if let Ended::Failed(reason) | Ended::Refused(reason) = ended {
                junction.shared().report(Event::HandshakeFailed { endpoint, reason });
            }
        });
        self.remember(id, task.abort_handle());
    }

    /// Makes room for one more, sending the oldest away if it must.
    fn make_room(&self, max: usize) -> u64 {
        let mut waiting = self.lock();
        while waiting.tasks.len() >= max
            && let Some((_, task)) = waiting.tasks.pop_first()
        {
            if let Some(task) = task {
                task.abort();
            }
        }
        let id = waiting.next;
        waiting.next += 1;
        waiting.tasks.insert(id, None);
        id
    }

    /// How to send the stranger away, unless it is none any more.
    fn remember(&self, id: u64, task: AbortHandle) {
        if let Some(place) = self.lock().tasks.get_mut(&id) {
            *place = Some(task);
        }
    }

    fn forget(&self, id: u64) {
        self.lock().tasks.remove(&id);
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<EndpointError> for BindError {
    fn from(error: EndpointError) -> Self {
        Self::Endpoint(error)
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoint(error) => error.fmt(f),
            Self::Unauthenticated(endpoint) => write!(
                f,
                "{endpoint} can be reached from other machines and nothing here authenticates them: \
                 allow it with allow_unauthenticated() or --open, or bind to 127.0.0.1"
            ),
            Self::Io(endpoint @ Endpoint::Inproc(_), error) if error.kind() == io::ErrorKind::AddrInUse => {
                write!(f, "{endpoint} is in use by another socket of the context")
            }
            Self::Io(endpoint, error) if error.kind() == io::ErrorKind::AddrInUse => {
                write!(f, "{endpoint} is in use by another program")
            }
            Self::Io(endpoint, error) => write!(f, "{endpoint}: {error}"),
            Self::Closed => f.write_str("the socket is closed"),
        }
    }
}

impl std::error::Error for BindError {}
