//! What is one TCP socket of a port doing, and until when?
//!
//! ```text
//!            SYN came            acknowledged           accepted
//!      Free ──────────► Knocked ──────────────► Free ───────────┐
//!        │ a link opens             dials             answered  ▼  the link leaves            both sides closed
//!        └────────────► Waiting ──────────► Dialling ────────► Held ──────────────► Closing ───────────────────► Free
//!
//!      Knocked and Closing for too long, and Held when it breaks: ► Aborted ► Free, when the RST has left
//! ```

use crate::tcp::{Stage, Tcp};
use smoltcp::iface::{Interface, SocketHandle};
use smoltcp::wire::IpEndpoint;
use zeptomq_core::io;
use zeptomq_core::peer::PeerId;
use zeptomq_core::time::Instant;

/// A TCP socket's place in a port.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) handle: SocketHandle,
    /// Whom it is kept for.
    pub(crate) remote: Option<Remote>,
    at: At,
}

/// Who is connected to.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(crate) endpoint: IpEndpoint,
    pub(crate) peer: PeerId,
    /// When it is connected to anew, though its handshake failed for good.
    pub(crate) anew: Option<Instant>,
}

/// What a place does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum At {
    /// It listens, if it can; or has a connection that was not accepted yet.
    Free,
    /// A SYN came, and its sender has not said yet that it is there.
    Knocked { since: Instant },
    /// It is to dial, and its socket is not free yet.
    Waiting { since: Instant },
    /// It dials.
    Dialling { since: Instant },
    /// A link holds it.
    Held,
    /// The link has left it, and what was written is being sent.
    Closing { since: Instant },
    /// A RST is being sent.
    Aborted { since: Instant },
}

impl Place {
    pub(crate) const fn new(handle: SocketHandle) -> Self {
        Self { handle, remote: None, at: At::Free }
    }

    /// Goes on as far as it can. `is_said`: what there was to be sent has been given to the device. Whether something
    /// is to be sent, or somebody can come, that was not so before.
    pub(crate) fn step(&mut self, tcp: &mut Tcp<'_, '_>, port: u16, is_said: bool, now: Instant) -> bool {
        let before = self.at;
        if is_said && tcp.stage() == Stage::Ended {
            tcp.forget();
        }
        let stage = tcp.stage();
        self.at = match (self.at, stage) {
            (At::Knocked { .. } | At::Closing { .. } | At::Aborted { .. }, Stage::Idle) => At::Free,
            (At::Knocked { .. }, Stage::Listening(_) | Stage::Open) => At::Free,
            (At::Free, Stage::Opening) => At::Knocked { since: now },
            (At::Free, Stage::Aborting) => At::Aborted { since: now },
            (at, _) if !at.until().is_some_and(|until| until.has_come(now)) => at,
            (At::Aborted { .. }, _) => {
                tcp.forget();
                At::Free
            }
            (At::Knocked { .. } | At::Closing { .. }, _) => aborted(tcp, now),
            (at, _) => at,
        };
        self.listen(tcp, port) || before != self.at
    }

    /// Listens on the port, if it can and is to, and on no other. Whether that is new.
    fn listen(&mut self, tcp: &mut Tcp<'_, '_>, port: u16) -> bool {
        if self.at != At::Free {
            return false;
        }
        let port = if self.remote.is_none() { port } else { 0 };
        if matches!(tcp.stage(), Stage::Listening(other) if other != port) {
            tcp.close();
        }
        tcp.stage() == Stage::Idle && port != 0 && tcp.listen(port)
    }

    /// Whether somebody can come to it, now or as soon as its RST has left.
    pub(crate) fn is_open_to_strangers(&self, tcp: &Tcp<'_, '_>) -> bool {
        self.remote.is_none()
            && match self.at {
                At::Free => matches!(tcp.stage(), Stage::Listening(_)),
                At::Aborted { .. } => true,
                _ => false,
            }
    }

    /// From when on it may be taken from whom it is kept for, because nobody else can come.
    pub(crate) fn yields_at(&self, tcp: &Tcp<'_, '_>) -> Option<Instant> {
        match self.at {
            _ if self.remote.is_some() => None,
            At::Closing { since } if tcp.stage() == Stage::Left => Some(since),
            At::Knocked { since } | At::Closing { since } => Some(since.after_ms(PRESSED_MS)),
            _ => None,
        }
    }

    /// Whether nobody has it, and nobody is to have it.
    pub(crate) fn is_unused(&self) -> bool {
        self.remote.is_none() && self.at == At::Free
    }

    /// Takes a connection that somebody opened, if there is one.
    pub(crate) fn accept(&mut self, tcp: &Tcp<'_, '_>) -> bool {
        let comes =
            self.remote.is_none() && matches!(self.at, At::Free | At::Knocked { .. }) && tcp.stage() == Stage::Open;
        if comes {
            self.at = At::Held;
        }
        comes
    }

    /// Is to dial as soon as its socket is free: then call [`Place::dial`].
    pub(crate) fn open(&mut self, tcp: &mut Tcp<'_, '_>, now: Instant) {
        if let Stage::Ending | Stage::Left | Stage::Open | Stage::Opening = tcp.stage() {
            tcp.abort();
        }
        self.at = At::Waiting { since: now };
    }

    /// Dials if it is to, from a port that `local_port` names. Whether it began to.
    pub(crate) fn dial(
        &mut self,
        tcp: &mut Tcp<'_, '_>,
        iface: &mut Interface,
        local_port: &mut dyn FnMut() -> Option<u16>,
        now: Instant,
    ) -> bool {
        let At::Waiting { since } = self.at else { return false };
        match tcp.stage() {
            Stage::Aborting if !since.after_ms(RST_MS).has_come(now) => return false,
            Stage::Idle => (),
            _ => tcp.forget(),
        }
        let endpoint = self.remote.as_ref().map(|remote| remote.endpoint);
        let dials = endpoint.zip(local_port()).is_some_and(|(endpoint, port)| tcp.connect(iface, endpoint, port));
        // One that could not, for we have no address yet perhaps, is a dialling that nobody answers: its time runs out.
        self.at = At::Dialling { since: now };
        dials
    }

    /// How far the connection of the link that has this place is.
    pub(crate) fn state(&mut self, tcp: &Tcp<'_, '_>, now: Instant) -> io::State {
        match (self.at, tcp.stage()) {
            (At::Dialling { .. }, Stage::Open) => {
                self.at = At::Held;
                io::State::Open
            }
            (At::Dialling { .. }, Stage::Idle | Stage::Aborting) => io::State::Gone,
            (At::Waiting { .. } | At::Dialling { .. }, _) => match self.at.until() {
                Some(until) if until.has_come(now) => io::State::Gone,
                _ => io::State::Opening,
            },
            (At::Held, Stage::Open) => io::State::Open,
            (At::Held, _) if tcp.can_recv() => io::State::Open,
            _ => io::State::Gone,
        }
    }

    /// The link leaves; what was written is still sent.
    pub(crate) fn close(&mut self, tcp: &mut Tcp<'_, '_>, now: Instant) {
        tcp.close();
        self.at = At::Closing { since: now };
    }

    /// The connection ends at once.
    pub(crate) fn abort(&mut self, tcp: &mut Tcp<'_, '_>, now: Instant) {
        self.at = match self.at {
            // Nobody has answered whom a RST could be for.
            At::Waiting { .. } | At::Dialling { .. } => {
                tcp.forget();
                At::Free
            }
            _ => aborted(tcp, now),
        };
    }

    /// When it is to be looked at though nothing arrived.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let anew = self.remote.as_ref().and_then(|remote| remote.anew);
        Instant::earlier(self.at.until(), anew)
    }
}

impl At {
    fn until(self) -> Option<Instant> {
        match self {
            Self::Free | Self::Held => None,
            Self::Knocked { since } => Some(since.after_ms(KNOCK_MS)),
            Self::Waiting { since } | Self::Dialling { since } => Some(since.after_ms(DIAL_MS)),
            Self::Closing { since } => Some(since.after_ms(CLOSE_MS)),
            Self::Aborted { since } => Some(since.after_ms(RST_MS)),
        }
    }
}

fn aborted(tcp: &mut Tcp<'_, '_>, now: Instant) -> At {
    tcp.abort();
    match tcp.stage() {
        Stage::Aborting => At::Aborted { since: now },
        _ => At::Free,
    }
}

/// How long somebody may take to say that it sent the SYN that came.
const KNOCK_MS: u32 = 2000;
/// How long to wait for an answer to our SYN.
const DIAL_MS: u32 = 3000;
/// How long what was written last may take to arrive.
const CLOSE_MS: u32 = 2000;
/// How much of the two above is left to it when nobody else could come.
const PRESSED_MS: u32 = 250;
/// How long a RST may take to leave: no longer when nobody answers for the peer's address.
const RST_MS: u32 = 200;
