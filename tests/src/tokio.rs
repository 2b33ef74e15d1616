//! How does a case run on the crate `zeptomq`? Over loopback, against peers that are plain TCP streams.

use crate::executor::{Config, Executor, Kind, Listener, Socket, Unsent, Untaken};
use crate::tcp_wire::TcpWire;
use ::tokio::net::TcpListener;
use ::tokio::runtime::Runtime;
use ::tokio::time::{sleep, timeout};
use std::net::TcpStream;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use zeptomq::{
    Dealer, Event, Limit, Message, Monitor, NotSent, Options, Pair, Policy, Pub, Pull, Push, RecvError, Rep, Req,
    Router, Sub, Xpub, Xsub,
};
use zeptomq_core::pattern::{Drops, RouteError};

/// The executor on tokio.
#[derive(Debug)]
pub struct Tokio;

/// A socket of its.
pub struct TokioSubject {
    kind: Kind,
    socket: Any,
    waits: bool,
    address: String,
    monitor: Monitor,
    start: Instant,
}

enum Any {
    Push(Push),
    Pull(Pull),
    Req(Req),
    Rep(Rep),
    Dealer(Dealer),
    Router(Router),
    Pair(Pair),
    Pub(Pub),
    Sub(Sub),
    Xpub(Xpub),
    Xsub(Xsub),
}

/// A peer that it connects to.
#[derive(Debug)]
pub struct TokioListener(TcpListener);

/// The runtime of all tests in a process. It has threads enough that no test waits for another's.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    ::tokio::runtime::Builder::new_multi_thread().worker_threads(8).enable_all().build().expect("a runtime")
});

/// How long anything is waited for.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// With every socket that has what is asked for.
macro_rules! with {
    ($any:expr, [$($type:ident),*], $socket:ident => $do:expr) => {
        match $any {
            $(Any::$type($socket) => $do,)*
            #[allow(unreachable_patterns, reason = "some calls are there for all types")]
            _ => panic!("this type does not do that"),
        }
    };
}

impl Executor for Tokio {
    type Socket = TokioSubject;

    /// More than the buffers of a loopback connection take.
    const BULK_LEN: usize = 16 << 20;
    const BEAT_MS: u32 = 150;

    fn bound_with(&mut self, kind: Kind, config: Config) -> TokioSubject {
        let mut subject = TokioSubject::bound(kind, options(config), &[]);
        if let Some(policy) = config.overload {
            subject.waits = policy == Policy::Wait;
        }
        subject
    }
}

impl TokioSubject {
    /// A socket with these options, bound to loopback, and to other endpoints too.
    pub fn bound(kind: Kind, options: Options, others: &[&str]) -> Self {
        let socket = match kind {
            Kind::Push => Any::Push(Push::with(options).unwrap()),
            Kind::Pull => Any::Pull(Pull::with(options).unwrap()),
            Kind::Req => Any::Req(Req::with(options).unwrap()),
            Kind::Rep => Any::Rep(Rep::with(options).unwrap()),
            Kind::Dealer => Any::Dealer(Dealer::with(options).unwrap()),
            Kind::Router => Any::Router(Router::with(options).unwrap()),
            Kind::Pair => Any::Pair(Pair::with(options).unwrap()),
            Kind::Pub => Any::Pub(Pub::with(options).unwrap()),
            Kind::Sub => Any::Sub(Sub::with(options).unwrap()),
            Kind::Xpub => Any::Xpub(Xpub::with(options).unwrap()),
            Kind::Xsub => Any::Xsub(Xsub::with(options).unwrap()),
        };
        let (endpoint, monitor) = with!(&socket, [Push, Pull, Req, Rep, Dealer, Router, Pair, Pub, Sub, Xpub, Xsub], socket => {
            others.iter().for_each(|other| drop(wait(socket.bind(other)).unwrap()));
            (wait(socket.bind("tcp://127.0.0.1:0")).unwrap(), socket.monitor())
        });
        let address = endpoint.to_string().trim_start_matches("tcp://").to_owned();
        let waits = !matches!(kind, Kind::Rep | Kind::Router | Kind::Pub | Kind::Xpub | Kind::Xsub);
        TokioSubject { kind, socket, waits, address, monitor, start: Instant::now() }
    }

    /// How many peers it has, those that are gone and left messages included.
    pub fn peers(&self) -> usize {
        with!(&self.socket, [Push, Pull, Req, Rep, Dealer, Router, Pair, Pub, Sub, Xpub, Xsub], socket => socket.peers().len())
    }

    /// Where it listens: address and port.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Socket for TokioSubject {
    type Wire = TcpWire;
    type Listener = TokioListener;

    fn kind(&self) -> Kind {
        self.kind
    }

    fn accept(&mut self) -> TcpWire {
        TcpWire::new(TcpStream::connect(&self.address).unwrap())
    }

    fn dial(&mut self) -> TokioListener {
        let listener = wait(TcpListener::bind("127.0.0.1:0")).unwrap();
        let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
        let _runtime = RUNTIME.enter();
        with!(&self.socket, [Push, Pull, Req, Rep, Dealer, Router, Pair, Pub, Sub, Xpub, Xsub], socket => socket.connect(&endpoint).unwrap());
        TokioListener(listener)
    }

    fn lose(&mut self, wire: TcpWire) {
        // The end of a connection is reported before its stream is let go, so what is over by now was reported.
        while RUNTIME.block_on(async { timeout(Duration::ZERO, self.monitor.recv()).await.is_ok() }) {}
        drop(wire);
        let monitor = &mut self.monitor;
        wait(async { while !matches!(monitor.recv().await, Some(Event::Disconnected { .. })) {} });
    }

    fn send(&mut self, parts: &[&[u8]]) -> Result<(), Unsent> {
        let message = message(parts);
        let sent = with!(&self.socket, [Push, Req, Rep, Dealer, Router, Pair, Pub, Xpub, Xsub], socket => wait(socket.send(message)));
        sent.map_err(|error| self.unsent(error.reason))
    }

    fn try_send(&mut self, parts: &[&[u8]]) -> Result<(), Unsent> {
        let message = message(parts);
        let sent = with!(&self.socket, [Push, Req, Rep, Dealer, Router, Pair, Pub, Xpub, Xsub], socket => socket.try_send(message));
        sent.map_err(|error| self.unsent(error.reason))
    }

    fn recv(&mut self) -> Result<Vec<Vec<u8>>, Untaken> {
        let message = with!(&mut self.socket, [Pull, Req, Rep, Dealer, Router, Pair, Sub, Xpub, Xsub], socket => wait(socket.recv()));
        message.map(parts).map_err(untaken)
    }

    fn try_recv(&mut self) -> Result<Option<Vec<Vec<u8>>>, Untaken> {
        let message = with!(&mut self.socket, [Pull, Req, Rep, Dealer, Router, Pair, Sub, Xpub, Xsub], socket => socket.try_recv());
        message.map(|message| message.map(parts)).map_err(untaken)
    }

    fn subscribe(&mut self, topic: &[u8]) {
        with!(&self.socket, [Sub], socket => socket.subscribe(topic));
    }

    fn unsubscribe(&mut self, topic: &[u8]) -> bool {
        with!(&self.socket, [Sub], socket => socket.unsubscribe(topic))
    }

    fn drops(&self) -> Drops {
        with!(&self.socket, [Push, Pull, Req, Rep, Dealer, Router, Pair, Pub, Sub, Xpub, Xsub], socket => socket.drops())
    }

    fn elapsed_ms(&self) -> u32 {
        self.start.elapsed().as_millis() as u32
    }

    fn pass(&mut self, ms: u32) {
        // Real time passes by itself only.
        std::thread::sleep(Duration::from_millis(ms.into()));
    }
}

impl TokioSubject {
    /// A call that does not wait says of a full queue the same, whatever the policy.
    fn unsent(&self, reason: NotSent) -> Unsent {
        match reason {
            NotSent::Full if self.waits => Unsent::WouldBlock,
            NotSent::Full => Unsent::Full,
            NotSent::Route(RouteError::UnknownIdentity) => Unsent::UnknownIdentity,
            NotSent::Route(RouteError::NoBody) => Unsent::NoBody,
            NotSent::Route(RouteError::OutOfTurn) => Unsent::OutOfTurn,
            NotSent::Route(RouteError::PeerGone) => Unsent::PeerGone,
            other => panic!("{other}"),
        }
    }
}

impl Listener for TokioListener {
    type Wire = TcpWire;

    fn accept(&mut self) -> TcpWire {
        let (stream, _) = wait(self.0.accept()).unwrap();
        let stream = stream.into_std().unwrap();
        stream.set_nonblocking(false).unwrap();
        TcpWire::new(stream)
    }

    fn expect_nobody(&mut self) {
        // That nobody comes can only be waited for: ten times as long as the socket would take to come back.
        let came = timed_out(10 * RECONNECT, self.0.accept());
        assert!(came.is_none(), "the socket came back");
    }
}

/// Runs it to its end, which it must reach in time.
#[track_caller]
pub fn wait<F: Future>(future: F) -> F::Output {
    timed_out(DEADLINE, future).expect("in time")
}

/// The options of a socket in the cases.
pub fn options(config: Config) -> Options {
    let beat = Duration::from_millis(Tokio::BEAT_MS.into());
    let (interval, silence) = if config.heartbeat { (beat, 3 * beat) } else { (Duration::ZERO, Duration::ZERO) };
    let mut options = Options::new()
        .heartbeat(interval, silence)
        .reconnect(RECONNECT, RECONNECT)
        .handshake_timeout(Duration::from_millis(config.handshake_ms.into()))
        .frame_len_max(Tokio::FRAME_LEN_MAX)
        .linger(Duration::ZERO);
    if !config.identity.is_empty() {
        options = options.identity(config.identity);
    }
    if config.strict {
        options = options.strict_requests();
    }
    if let Some(policy) = config.overload {
        options = options.overload(policy);
    }
    options = options.verbosity(config.verbosity).topics(config.topics_max, 1024);
    let messages = if config.holds_two { 2 } else { 1000 };
    options.send_limit(Limit { messages, octets: usize::MAX })
}

const RECONNECT: Duration = Duration::from_millis(10);

/// What is ready only because it was looked at again when the time was over has come too late: nobody woke its task.
fn timed_out<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    RUNTIME.block_on(async {
        ::tokio::select! {
            biased;
            () = sleep(limit) => None,
            output = future => Some(output),
        }
    })
}

fn message(parts: &[&[u8]]) -> Message {
    Message::multipart(parts.iter().copied())
}

fn parts(message: Message) -> Vec<Vec<u8>> {
    message.parts().map(<[u8]>::to_vec).collect()
}

fn untaken(error: RecvError) -> Untaken {
    match error {
        RecvError::OutOfTurn => Untaken::OutOfTurn,
        RecvError::PeerGone => Untaken::PeerGone,
        other => panic!("{other}"),
    }
}
