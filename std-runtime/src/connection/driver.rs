//! How is a connection that is up looked after? It is written to, then read from, until neither can go on: by one task, or
//! by whoever waits for its messages.

use super::Connection;
use super::handshake::{Failed, Opened, shake};
use super::read::Read;
use super::write::Write;
use crate::bell::Bell;
use crate::endpoint::Endpoint;
use crate::hub::Shared;
use crate::junction::{By, Caller, Junction, Written};
use crate::monitor::Event;
use crate::peers::{Drive, End};
use crate::transport::Incoming;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use zeptomq_core::link::{HandshakeError, ReadError};
use zeptomq_core::mechanism::{Mechanism, Open, Seal};
use zeptomq_core::peer::PeerId;
use zeptomq_core::wire::command::CommandError;

/// What became of a connection.
pub(crate) enum Ended {
    /// It never was a peer's. Trying again may help.
    Failed(String),
    /// It never was a peer's, and never will be.
    Refused(String),
    /// It was a peer's.
    Lost,
    /// It never was a peer's, for the socket closed.
    Closed,
}

/// Why a connection that was up ends.
#[derive(Debug)]
pub(super) enum Cause {
    /// Our socket says so.
    End(End),
    /// The peer closed it.
    Closed,
    /// The system says so.
    Transport(io::Error),
    /// The peer broke the protocol.
    Read(ReadError),
    /// The peer sent a malformed command.
    Command(CommandError),
}

/// Lives a connection's whole life.
pub(super) fn run<M>(mechanism: M, connection: Connection) -> impl Future<Output = Ended> + Send
where
    M: Mechanism + Send + Sync + 'static,
    M::Open: Send + 'static,
    M::Seal: Send + 'static,
{
    // Apart, and its arguments with it, for a connection has this future all its life.
    let opening = Box::pin(open(mechanism, connection));
    async move {
        let mut up = match opening.await {
            Ok(up) => up,
            Err(ended) => return ended,
        };
        let (cause, read, write) = poll_fn(|cx| up.task.0.poll_end(cx, &*up.seat.junction)).await;
        if let Some(mut incoming) = up.end(cause, read, write) {
            let Shared { options, life, .. } = up.seat.junction.shared();
            let hanging_up = Box::pin(hang_up(&mut incoming, options.linger.max(HANG_UP)));
            Box::pin(life.unless_closed(hanging_up)).await;
        }
        Ended::Lost
    }
}

/// Makes the connection a peer's.
#[expect(clippy::manual_async_fn, reason = "thousands may open at once, and an async function has its arguments twice")]
fn open<M>(mechanism: M, mut connection: Connection) -> impl Future<Output = Result<Up<M::Open, M::Seal>, Ended>> + Send
where
    M: Mechanism + Send + Sync + 'static,
    M::Open: Send + 'static,
    M::Seal: Send + 'static,
{
    async move {
        let Shared { options, life, .. } = connection.junction.shared();
        let shaken = {
            let caller = Caller { known: connection.peer, endpoint: &connection.endpoint };
            let (incoming, outgoing) = (&mut connection.incoming, connection.outgoing);
            let shaking = shake(mechanism, incoming, outgoing, &connection.junction, caller);
            life.unless_closed(pin!(tokio::time::timeout(options.handshake_timeout, shaking))).await
        };
        let opened = match shaken {
            Some(Ok(Ok(opened))) => opened,
            Some(Ok(Err(failed))) => return Err(failed.into()),
            Some(Err(_)) => return Err(Failed::Protocol(HandshakeError::TimedOut).into()),
            None => return Err(Ended::Closed),
        };
        let seat = Seat { junction: connection.junction, peer: opened.peer, taken: true };
        (connection.on_up)();
        let (endpoint, peer) = (connection.endpoint.clone(), opened.socket_type);
        seat.junction.shared().report(match connection.peer {
            Some(_) => Event::Connected { endpoint, peer },
            None => Event::Accepted { endpoint, peer },
        });
        Ok(Up::new(opened, connection.incoming, seat, connection.endpoint))
    }
}

/// A connection that is up, for whoever looks after it.
struct Driver<O, S> {
    /// None when it has ended.
    halves: Mutex<Option<Halves<O, S>>>,
    peer: PeerId,
    bell: Arc<Bell>,
    /// Rings the bell.
    waker: Waker,
}

struct Halves<O, S> {
    read: Read<O>,
    write: Write<S>,
    /// Found by somebody else than the task, which is to end it.
    ended: Option<Cause>,
}

/// A peer's place at its socket. It is left whatever ends the connection, being cancelled too.
struct Seat {
    junction: Arc<dyn Junction>,
    peer: PeerId,
    taken: bool,
}

/// A connection's task. When it is cancelled the stream goes with it, whoever looks after the connection still.
struct Task<O, S>(Arc<Driver<O, S>>);

impl<O, S> Drop for Task<O, S> {
    fn drop(&mut self) {
        let halves = self.0.halves.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(halves);
    }
}

/// A connection that is up, for its task.
struct Up<O, S> {
    task: Task<O, S>,
    seat: Seat,
    endpoint: Endpoint,
}

impl<O, S> Up<O, S>
where
    O: Open + Send + 'static,
    S: Seal + Send + 'static,
{
    fn new<M>(opened: Opened<M>, incoming: Incoming, seat: Seat, endpoint: Endpoint) -> Self
    where
        M: Mechanism<Open = O, Seal = S>,
    {
        let bell = Arc::new(Bell::default());
        let driver = Arc::new(Driver {
            halves: Mutex::new(Some(Halves {
                read: Read::new(incoming, opened.open, opened.rest, &seat.junction),
                write: Write::new(opened.out, opened.seal, opened.version),
                ended: None,
            })),
            peer: opened.peer,
            waker: Waker::from(bell.clone()),
            bell,
        });
        seat.junction.entrust(opened.peer, driver.clone());
        Self { task: Task(driver), seat, endpoint }
    }

    /// The socket lets go of the stream, so that the peer hears that no more comes. What it says itself until it hangs up, if
    /// we did.
    fn end(&mut self, cause: Cause, read: Read<O>, write: Write<S>) -> Option<Incoming> {
        let dropped = self.seat.leave(write.into_written());
        let mut reason = cause.to_string();
        if dropped > 0 {
            reason = format!("{reason}; {dropped} messages for it were dropped");
        }
        self.seat.junction.shared().report(Event::Disconnected { endpoint: self.endpoint.clone(), reason });
        matches!(cause, Cause::End(End::Finished)).then(|| read.into_incoming())
    }
}

impl<O: Open, S: Seal> Driver<O, S> {
    /// The task has come: why the connection has ended, and what is left of it.
    fn poll_end(&self, cx: &mut Context<'_>, junction: &dyn Junction) -> Poll<(Cause, Read<O>, Write<S>)> {
        self.bell.serve(cx.waker());
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        let cause = match &mut *halves {
            Some(Halves { ended, .. }) if ended.is_some() => ended.take(),
            Some(halves) => Some(ready!(halves.poll(&self.waker, junction, self.peer, By::Task))),
            None => None,
        };
        match (cause, halves.take()) {
            (Some(cause), Some(Halves { read, write, .. })) => Poll::Ready((cause, read, write)),
            // It is not polled when it has ended.
            _ => Poll::Pending,
        }
    }
}

impl<O, S> Drive for Driver<O, S>
where
    O: Open + Send,
    S: Seal + Send,
{
    fn bell(&self) -> &Bell {
        &self.bell
    }

    fn drive(&self, junction: &dyn Junction) {
        let mut halves = match self.halves.try_lock() {
            Ok(halves) => halves,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Its task looks after it now, and may be past what was rung for.
            Err(TryLockError::WouldBlock) => return self.bell.ring_for_task(),
        };
        if let Some(halves) = &mut *halves
            && halves.ended.is_none()
            && let Poll::Ready(cause) = halves.poll(&self.waker, junction, self.peer, By::Receiver)
        {
            halves.ended = Some(cause);
            self.bell.ring_for_task();
        }
    }
}

impl<O: Open, S: Seal> Halves<O, S> {
    fn poll(&mut self, waker: &Waker, junction: &dyn Junction, peer: PeerId, by: By) -> Poll<Cause> {
        let cx = &mut Context::from_waker(waker);
        // One turn, however often an answer is written in between.
        self.read.begin_turn();
        let mut ended = None;
        // Whoever waits for messages comes, as a rule, because there is one.
        if by == By::Receiver && !self.write.has_more() {
            match self.read.poll(cx, junction, peer, by) {
                Ok(false) if self.read.is_calm() => return Poll::Pending,
                Ok(_) => (),
                Err(cause) => ended = Some(cause),
            }
        }
        loop {
            match self.write.poll(cx, junction, peer) {
                Ok(room) => self.read.set_room(room),
                Err(cause) => return Poll::Ready(cause),
            }
            if let Some(cause) = ended {
                return Poll::Ready(cause);
            }
            match self.read.poll(cx, junction, peer, by) {
                Ok(answer_due) if answer_due => (),
                Ok(_) => return Poll::Pending,
                Err(cause) => return Poll::Ready(cause),
            }
        }
    }
}

impl Seat {
    /// The connection can carry no more. How many messages are lost with it.
    fn leave(&mut self, written: Written) -> usize {
        self.taken = false;
        self.junction.lost(self.peer, written)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if self.taken {
            self.leave(Written::default());
        }
        self.junction.departed();
    }
}

/// Waits for the peer to hang up too, for at most so long and not through a silence: a system that closes on octets that
/// were not read yet, or before the last have come, makes the peer lose what it has not read yet.
pub(super) async fn hang_up(incoming: &mut Incoming, longest: Duration) {
    let drain = async {
        // Not in the future, of which every connection has one all its life.
        let (mut sink, mut told) = (vec![0; 4096], false);
        loop {
            let heard = poll_fn(|cx| {
                told = told || incoming.poll_shutdown(cx).is_ready();
                pin!(incoming.read(&mut sink)).poll(cx)
            });
            match tokio::time::timeout(HANG_UP, heard).await {
                Ok(Ok(1..)) => (),
                Err(_) if !told => (),
                _ => return,
            }
        }
    };
    let _ = tokio::time::timeout(longest, drain).await;
}

impl From<Failed> for Ended {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Protocol(error) if error.is_final() => Self::Refused(error.to_string()),
            Failed::Protocol(error) => Self::Failed(error.to_string()),
            Failed::SentAway(reason) => Self::Refused(format!("the peer refused us: {reason}")),
            Failed::Transport(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Self::Failed("the peer hung up during the handshake".into())
            }
            Failed::Transport(error) => Self::Failed(error.to_string()),
            Failed::Refused(error) => Self::Failed(error.to_string()),
        }
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::End(End::Finished | End::Abandoned) => f.write_str("the socket was closed"),
            Self::End(End::Silent) => f.write_str("the peer was silent for too long"),
            Self::End(End::Displaced) => f.write_str("the peer came back over another connection"),
            Self::End(End::Message(reason)) => write!(f, "the peer sent {reason}"),
            Self::Closed => f.write_str("the peer closed the connection"),
            Self::Transport(error) => error.fmt(f),
            Self::Read(error) => error.fmt(f),
            Self::Command(error) => error.fmt(f),
        }
    }
}

/// A peer that is silent for so long has nothing more to say to a connection that ends.
pub(super) const HANG_UP: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::{By, Halves, Read, Write};
    use crate::junction::Junction;
    use crate::junction::tests::connected;
    use crate::options::{Limit, Options};
    use crate::transport::Incoming;
    use std::sync::Arc;
    use std::task::{Poll, Waker};
    use tokio::net::UnixStream;
    use zeptomq_core::mechanism::Clear;
    use zeptomq_core::pattern::Dealer;
    use zeptomq_core::storage::Heap;
    use zeptomq_core::wire::Version;

    /// A message that has come does not hide that what is in hand can be written.
    #[tokio::test]
    async fn who_reads_before_he_writes_writes_on() {
        let much = Limit { messages: 1000, octets: 4 << 20 };
        let (hub, peer, theirs) = connected(Dealer::<Heap>::NEW, Options::new().send_limit(much));
        let (incoming, says) = UnixStream::pair().unwrap();
        let junction: Arc<dyn Junction> = hub.clone();
        let out = hub.lock().peers.find(peer).unwrap().line.as_ref().unwrap().out.clone();
        let mut halves = Halves {
            read: Read::new(Incoming::Ipc(incoming.into_split().0), Clear, Vec::new(), &junction),
            write: Write::new(out, Clear, Version::V3_1),
            ended: None,
        };
        let mut come = || assert!(halves.poll(Waker::noop(), &*junction, peer, By::Receiver).is_pending());
        come();
        while hub.poll_send(&vec![7; 10_000].into(), None) == Poll::Ready(Ok(())) {}
        come();
        let mut octets = vec![0; 1 << 20];
        theirs.readable().await.unwrap();
        while theirs.try_read(&mut octets).is_ok() {}
        says.try_write(b"\0\x02hi").unwrap();
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        come();
        tokio::task::yield_now().await;
        assert_eq!(hub.lock().peers.find(peer).unwrap().inbox.load().messages, 1);
        assert!(theirs.try_read(&mut octets).is_ok());
    }
}
