//! What does a user hold? A socket of one type, that can do what its type can.

use crate::context::Context;
use crate::dial::{Callee, dial, random};
use crate::endpoint::{Endpoint, EndpointError};
use crate::error::{RecvError, SendError, Undelivered};
use crate::hand::Hand;
use crate::hub::{Hub, Shared};
use crate::junction::Junction;
use crate::life::{Phase, until};
use crate::listen::{BindError, accept, listen};
use crate::message::Message;
use crate::monitor::Monitor;
use crate::options::{Options, OptionsError};
use crate::sending::{Sending, try_send};
use crate::ticker::TICKER;
use crate::upkeep::period;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use tokio::runtime::Handle;
use zeptomq_core::pattern::{self, Drops, Pattern, Receives, Refused, Sends, req};
use zeptomq_core::storage::Heap;

/// Sends to its peers in turn.
pub type Push = Socket<pattern::Push<Heap>>;
/// Receives from its peers in turn.
pub type Pull = Socket<pattern::Pull>;
/// Sends a request and awaits its reply.
pub type Req = Socket<pattern::Req<Heap>>;
/// Receives a request and answers it.
pub type Rep = Socket<pattern::Rep<Heap>>;
/// Sends to its peers in turn and receives from them in turn.
pub type Dealer = Socket<pattern::Dealer<Heap>>;
/// Sends each message to all who subscribed to what it begins with.
pub type Pub = Socket<pattern::Pub<Heap>>;
/// Receives what it subscribed to.
pub type Sub = Socket<pattern::Sub<Heap>>;
/// Sends as a [`Pub`], and receives: what its peers send, and who wants what, as messages of one part: the octet 1 and a
/// topic, or the octet 0 and a topic that is not wanted any more. A topic's first subscription and its last cancel are
/// shown, or what [`Options::verbosity`] says; a peer that goes cancels what nobody else wants.
///
/// Receive from it: what is shown waits in the queue of its peer, and a peer whose queue is full is not heard.
pub type Xpub = Socket<pattern::Xpub<Heap>>;
/// Receives what it subscribed to, by sending messages of one part: the octet 1 and a topic, or the octet 0 and a topic
/// that is not wanted any more. They are counted, and said again to each publisher that comes; what is changed back before
/// a publisher was told need not be said. All other messages go to all publishers. What arrives is not filtered again.
pub type Xsub = Socket<pattern::Xsub<Heap>>;
/// Sends to its one peer and receives from it.
pub type Pair = Socket<pattern::Pair>;
/// Receives messages with the identity of their sender before them, and sends to the peer whose identity stands first.
pub type Router = Socket<pattern::Router<Heap>>;

/// A socket. It can [`send`](Self::send) or [`recv`](Self::recv) where its type can.
///
/// It binds and connects any number of endpoints in any mixture. Dropping it goes on sending what it accepted for the
/// linger time, while the runtime lives; [`close`](Self::close) waits for that and says what was lost.
pub struct Socket<P: Pattern + Send + 'static> {
    pub(crate) owner: Arc<Owner<P>>,
    pub(crate) hand: Hand,
}

/// The sending half of a socket.
pub struct Sender<P: Pattern + Send + 'static> {
    pub(crate) owner: Arc<Owner<P>>,
}

/// The receiving half of a socket.
pub struct Receiver<P: Pattern + Send + 'static> {
    pub(crate) owner: Arc<Owner<P>>,
    pub(crate) hand: Hand,
}

/// The users' end of a hub: when the last is gone, the socket closes.
pub(crate) struct Owner<P: Pattern + Send + 'static> {
    pub(crate) hub: Arc<Hub<P>>,
}

/// A pattern that starts from options.
pub trait Start: Pattern + Send + Sized + 'static {
    /// The pattern before it has any peer.
    fn start(options: &Options) -> Self;
}

impl<P: Start> Socket<P> {
    /// A socket with the default options, in the [`global`](Context::global) context.
    pub fn new() -> Self {
        Self::within(&Context::global())
    }

    /// A socket in the context, with its options.
    pub fn within(context: &Context) -> Self {
        Self::of(context.defaults.clone())
    }

    /// A socket with these options.
    pub fn with(options: Options) -> Result<Self, OptionsError> {
        options.check()?;
        Ok(Self::of(Arc::new(options)))
    }

    fn of(options: Arc<Options>) -> Self {
        Self { owner: Arc::new(Owner { hub: Hub::new(P::start(&options), options) }), hand: Hand::default() }
    }
}

impl<P: Start> Default for Socket<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Pattern + Send> Socket<P> {
    /// Lets peers connect to the endpoint. Returns it with its port resolved.
    ///
    /// # Cancel safety
    /// Cancelled while a name is looked up, it binds nothing.
    pub async fn bind(&self, endpoint: &str) -> Result<Endpoint, BindError> {
        let endpoint = endpoint.parse()?;
        let runtime = self.start()?;
        let hub = &self.owner.hub;
        let (listener, endpoint) = listen(endpoint, &hub.shared).await?;
        if hub.lock().phase != Phase::Open {
            return Err(BindError::Closed);
        }
        runtime.spawn(accept(hub.clone(), listener, endpoint.clone()));
        Ok(endpoint)
    }

    /// Connects to the endpoint, now and whenever the connection is lost. Returns at once; the queue for the peer exists
    /// from now on. [`monitor`](Self::monitor) tells how it goes.
    pub fn connect(&self, endpoint: &str) -> Result<(), EndpointError> {
        self.dial(Callee { endpoint: endpoint.parse::<Endpoint>()?.for_connect()?, own: None })
    }

    /// Waits until at least `peers` peers are up.
    ///
    /// # Cancel safety
    /// Cancelling loses nothing.
    pub async fn wait_for_peers(&self, peers: usize) {
        wait_for_peers(&self.owner.hub, peers).await
    }

    /// What happens to the connections from now on.
    pub fn monitor(&self) -> Monitor {
        Monitor::new(self.owner.hub.shared.watch())
    }

    /// How many messages were dropped, by reason; [`peers`](Self::peers) says it of each peer.
    pub fn drops(&self) -> Drops {
        self.owner.hub.lock().drops()
    }

    /// Closes the socket: accepts nothing more, sends what it accepted for at most the linger time, then hangs up.
    /// Messages that were received and not taken are dropped.
    ///
    /// # Errors
    /// When messages that were accepted, at any time, were not delivered: their peer left, or they were still queued
    /// when the time was over.
    ///
    /// # Cancel safety
    /// Cancelled, the socket goes on closing by itself, as if dropped.
    pub async fn close(self) -> Result<(), Undelivered> {
        close(self.owner).await
    }

    /// Makes the queue for the callee, and has a task connect to it.
    pub(crate) fn dial(&self, callee: Callee) -> Result<(), EndpointError> {
        let runtime = self.start()?;
        let hub = self.owner.hub.clone();
        let peer = hub.open(&callee.endpoint).map_err(|error| match error {
            Refused::Taken => EndpointError::Taken,
            _ => EndpointError::TooMany,
        })?;
        runtime.spawn(dial(hub, callee, peer));
        Ok(())
    }

    /// Remembers the runtime, and starts looking after heartbeats.
    pub(crate) fn start(&self) -> Result<Handle, EndpointError> {
        let hub = &self.owner.hub;
        let runtime = Handle::try_current().map_err(|_| EndpointError::NoRuntime)?;
        if hub.shared.runtime.get().is_none() {
            let of: Weak<Hub<P>> = Arc::downgrade(hub);
            TICKER.add(of, period(&hub.shared.options)).map_err(|error| EndpointError::NoThread(error.to_string()))?;
            // Somebody else may have been quicker: to be told twice does no harm.
            let _ = hub.shared.runtime.set(runtime.clone());
        }
        Ok(runtime)
    }
}

impl<P: Sends + Send> Socket<P> {
    /// Queues a message. Where no queue has room, it waits, or does what [`Options::overload`] says.
    ///
    /// # Errors
    /// The message comes back with the reason.
    ///
    /// # Cancel safety
    /// Cancelled, the message is not sent, and is dropped with the future.
    #[inline]
    pub fn send(&self, message: impl Into<Message>) -> Sending<'_, P> {
        Sending::new(&self.owner.hub, message.into())
    }

    /// Queues a message if there is room at once. It lets no other task run, which a loop of it has to do now and then, as for
    /// [`send_many`](Self::send_many).
    ///
    /// # Errors
    /// The message comes back with the reason.
    pub fn try_send(&self, message: impl Into<Message>) -> Result<(), SendError> {
        try_send(&self.owner.hub, message.into())
    }
}

impl<P: Receives + Send> Socket<P> {
    /// Takes the next message, in turn over the peers. A peer's turn is one message; or 16, while more than 32 of it
    /// wait, when more than 256 have come of everybody of whom any wait (fair queuing, RFC 30).
    ///
    /// # Cancel safety
    /// Cancelling loses nothing.
    pub async fn recv(&mut self) -> Result<Message, RecvError> {
        self.hand.recv(&self.owner.hub).await
    }

    /// Takes the next message if one has arrived.
    pub fn try_recv(&mut self) -> Result<Option<Message>, RecvError> {
        self.hand.try_recv(&self.owner.hub)
    }
}

impl<P: Sends + Receives + Send> Socket<P> {
    /// The two halves, to be used by different tasks.
    pub fn split(self) -> (Sender<P>, Receiver<P>) {
        (Sender { owner: self.owner.clone() }, Receiver { owner: self.owner, hand: self.hand })
    }
}

impl<P: Sends + Send> Sender<P> {
    /// See [`Socket::send`].
    ///
    /// # Cancel safety
    /// Cancelled, the message is not sent, and is dropped with the future.
    #[inline]
    pub fn send(&self, message: impl Into<Message>) -> Sending<'_, P> {
        Sending::new(&self.owner.hub, message.into())
    }

    /// See [`Socket::try_send`].
    pub fn try_send(&self, message: impl Into<Message>) -> Result<(), SendError> {
        try_send(&self.owner.hub, message.into())
    }

    /// See [`Socket::wait_for_peers`].
    ///
    /// # Cancel safety
    /// Cancelling loses nothing.
    pub async fn wait_for_peers(&self, peers: usize) {
        wait_for_peers(&self.owner.hub, peers).await
    }

    /// Closes the socket, whoever else holds a part of it: see [`Socket::close`].
    ///
    /// # Errors
    /// As those of [`Socket::close`].
    ///
    /// # Cancel safety
    /// Cancelled, the socket goes on closing by itself, as if dropped.
    pub async fn close(self) -> Result<(), Undelivered> {
        close(self.owner).await
    }
}

impl<P: Receives + Send> Receiver<P> {
    /// See [`Socket::recv`].
    ///
    /// # Cancel safety
    /// Cancelling loses nothing.
    pub async fn recv(&mut self) -> Result<Message, RecvError> {
        self.hand.recv(&self.owner.hub).await
    }

    /// See [`Socket::try_recv`].
    pub fn try_recv(&mut self) -> Result<Option<Message>, RecvError> {
        self.hand.try_recv(&self.owner.hub)
    }
}

impl<P: Pattern + Send> Clone for Sender<P> {
    fn clone(&self) -> Self {
        Self { owner: self.owner.clone() }
    }
}

impl Clone for Push {
    fn clone(&self) -> Self {
        Self { owner: self.owner.clone(), hand: Hand::default() }
    }
}

impl<P: Pattern + Send> Socket<P> {
    pub(crate) fn hub(&self) -> &Arc<Hub<P>> {
        &self.owner.hub
    }
}

impl<P: Pattern + Send> Sender<P> {
    pub(crate) fn hub(&self) -> &Hub<P> {
        &self.owner.hub
    }
}

impl<P: Pattern + Send> Drop for Owner<P> {
    fn drop(&mut self) {
        self.hub.begin_to_close();
    }
}

impl Start for pattern::Push<Heap> {
    fn start(_options: &Options) -> Self {
        Self::NEW
    }
}

impl Start for pattern::Pull {
    fn start(_options: &Options) -> Self {
        Self
    }
}

impl Start for pattern::Req<Heap> {
    fn start(options: &Options) -> Self {
        Self::new(if options.strict_requests { req::Mode::Strict } else { req::Mode::Relaxed }, random())
    }
}

impl Start for pattern::Rep<Heap> {
    fn start(_options: &Options) -> Self {
        Self::NEW
    }
}

impl Start for pattern::Dealer<Heap> {
    fn start(_options: &Options) -> Self {
        Self::NEW
    }
}

impl Start for pattern::Pair {
    fn start(_options: &Options) -> Self {
        Self::NEW
    }
}

impl Start for pattern::Pub<Heap> {
    fn start(options: &Options) -> Self {
        Self::new(options.topics)
    }
}

impl Start for pattern::Sub<Heap> {
    fn start(_options: &Options) -> Self {
        Self::NEW
    }
}

impl Start for pattern::Xpub<Heap> {
    fn start(options: &Options) -> Self {
        Self::new(options.topics, options.verbosity)
    }
}

impl Start for pattern::Xsub<Heap> {
    fn start(_options: &Options) -> Self {
        Self::NEW
    }
}

impl Start for pattern::Router<Heap> {
    fn start(_options: &Options) -> Self {
        Self::NEW
    }
}

async fn close<P: Pattern + Send + 'static>(owner: Arc<Owner<P>>) -> Result<(), Undelivered> {
    let hub = owner.hub.clone();
    drop(owner);
    hub.begin_to_close();
    hub.closed().await
}

async fn wait_for_peers<P>(hub: &Hub<P>, peers: usize) {
    let Shared { up, progress, .. } = &hub.shared;
    until(progress, || up.load(Ordering::Relaxed) >= peers).await;
}
