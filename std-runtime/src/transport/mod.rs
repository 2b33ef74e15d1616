//! How does a stream of octets come about, and how does it move them?

pub(crate) mod inproc;
pub(crate) mod ipc;
pub(crate) mod stream;
pub(crate) mod tcp;

use crate::endpoint::Endpoint;
use crate::options::Options;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::{TcpListener, UnixListener, tcp as tokio_tcp, unix as tokio_unix};

/// The half of a stream that octets arrive on; its connection's task owns it.
pub(crate) enum Incoming {
    Tcp(tokio_tcp::OwnedReadHalf),
    Ipc(tokio_unix::OwnedReadHalf),
    Stream(stream::Half),
}

/// The half of a stream that octets leave on. Dropping one of the system's tells the peer that no more will come.
pub(crate) enum Outgoing {
    Tcp(tokio_tcp::OwnedWriteHalf),
    Ipc(tokio_unix::OwnedWriteHalf),
    Stream(stream::Half),
}

/// What strangers connect to.
pub(crate) enum Listener {
    Tcp(TcpListener, tcp::Setup),
    Ipc { listener: UnixListener, _unlink: ipc::Unlink },
    Inproc(inproc::Arrivals),
}

/// Connects to an endpoint, trying each address of its name.
pub(crate) async fn connect(endpoint: &Endpoint, options: &Options) -> io::Result<(Incoming, Outgoing)> {
    match endpoint {
        Endpoint::Tcp { host, port } => tcp::connect(host, *port, &options.tcp).await,
        Endpoint::Ipc(path) => ipc::connect(path).await,
        Endpoint::Inproc(name) => options.names.connect(name).await,
        // It is refused before.
        Endpoint::Stream(_) => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// Waits until something has happened since this was called for which one may connect before the delay is over.
pub(crate) fn news<'a>(endpoint: &'a Endpoint, options: &'a Options) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
    match endpoint {
        Endpoint::Inproc(name) => Box::pin(options.names.news(name)),
        _ => Box::pin(std::future::pending()),
    }
}

impl Incoming {
    /// Whether there may be something to read.
    pub(crate) fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(half) => half.as_ref().poll_read_ready(cx),
            Self::Ipc(half) => half.as_ref().poll_read_ready(cx),
            // Only reading tells.
            Self::Stream(_) => Poll::Ready(Ok(())),
        }
    }

    /// Tells the peer that no more will come, where dropping the other half does not.
    pub(crate) fn poll_shutdown(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(_) | Self::Ipc(_) => Poll::Ready(Ok(())),
            Self::Stream(half) => half.poll_shutdown(cx),
        }
    }
}

impl AsyncRead for Incoming {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(half) => Pin::new(half).poll_read(cx, buf),
            Self::Ipc(half) => Pin::new(half).poll_read(cx, buf),
            Self::Stream(half) => half.poll_read(cx, buf),
        }
    }
}

impl Outgoing {
    /// The peer's address, if it is one of TCP.
    pub(crate) fn peer_address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(half) => half.peer_addr().ok(),
            Self::Ipc(_) | Self::Stream(_) => None,
        }
    }

    /// Whether the system takes octets from whoever has some. Other streams take them from a task only, which they wake
    /// when they take more: their connection's.
    pub(crate) fn is_open_to_callers(&self) -> bool {
        !matches!(self, Self::Stream(_))
    }

    /// Writes what the system takes at once.
    pub(crate) fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match (self, pieces) {
            // The system has less to do for one piece alone.
            (Self::Tcp(half), [piece]) => half.try_write(piece),
            (Self::Ipc(half), [piece]) => half.try_write(piece),
            (Self::Tcp(half), _) => half.try_write_vectored(pieces),
            (Self::Ipc(half), _) => half.try_write_vectored(pieces),
            (Self::Stream(_), _) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Writes some of the octets, at least one.
    #[inline]
    pub(crate) fn poll_write(&self, cx: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if let Self::Stream(half) = self {
            return half.poll_write(cx, pieces);
        }
        loop {
            match self.try_write(pieces) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready!(self.poll_ready(cx))?,
                written => return Poll::Ready(written),
            }
        }
    }

    /// Lets go of octets that a stream keeps back; the system keeps none.
    pub(crate) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(_) | Self::Ipc(_) => Poll::Ready(Ok(())),
            Self::Stream(half) => half.poll_flush(cx),
        }
    }

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(half) => half.as_ref().poll_write_ready(cx),
            Self::Ipc(half) => half.as_ref().poll_write_ready(cx),
            Self::Stream(_) => Poll::Ready(Ok(())),
        }
    }
}

impl Listener {
    /// The next stranger. A lack of resources is waited out, not returned.
    pub(crate) async fn accept(&mut self) -> (Incoming, Outgoing) {
        loop {
            let accepted = match self {
                Self::Tcp(listener, setup) => {
                    listener.accept().await.and_then(|(stream, _)| tcp::halves(stream, setup))
                }
                Self::Ipc { listener, .. } => listener.accept().await.map(|(stream, _)| ipc::halves(stream)),
                Self::Inproc(arrivals) => Ok(arrivals.accept().await),
            };
            match accepted {
                Ok(halves) => return halves,
                // Too many open files, or the stranger has hung up already: the listener itself is sound.
                Err(error) => {
                    tracing::debug!(%error, "could not accept");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(20);
