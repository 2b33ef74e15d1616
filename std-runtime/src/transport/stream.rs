//! How does a stream that is not the system's move octets? Only when its connection's task asks it to.

use super::{Incoming, Outgoing};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Anything that octets are read from and written to.
pub(crate) trait Octets: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Octets for T {}

/// One half of a stream. One task has both, so neither waits for the lock.
pub(crate) struct Half(Arc<Mutex<Whole>>);

struct Whole {
    stream: Box<dyn Octets>,
    /// Why it takes nothing more.
    broken: Option<io::Error>,
}

/// Takes a stream apart.
pub(crate) fn halves(stream: impl Octets) -> (Incoming, Outgoing) {
    let whole = Arc::new(Mutex::new(Whole { stream: Box::new(stream), broken: None }));
    (Incoming::Stream(Half(whole.clone())), Outgoing::Stream(Half(whole)))
}

impl Half {
    /// Reads what is there. When there is nothing and the stream takes nothing more, it is at its end: of itself it need
    /// not say so to a reader, as the system's do.
    pub(super) fn poll_read(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut whole = self.lock();
        match Pin::new(&mut whole.stream).poll_read(cx, buf) {
            Poll::Pending => whole.broken.take().map_or(Poll::Pending, |error| Poll::Ready(Err(error))),
            read => read,
        }
    }

    pub(super) fn poll_write(&self, cx: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let mut whole = self.lock();
        let written = match Pin::new(&mut whole.stream).poll_write_vectored(cx, pieces) {
            Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            written => written,
        };
        whole.note(written)
    }

    pub(super) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut whole = self.lock();
        let flushed = Pin::new(&mut whole.stream).poll_flush(cx);
        whole.note(flushed)
    }

    pub(super) fn poll_shutdown(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.lock().stream).poll_shutdown(cx)
    }

    fn lock(&self) -> MutexGuard<'_, Whole> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Whole {
    /// Keeps a copy of an error for the reader.
    fn note<T>(&mut self, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        outcome.map_err(|error| {
            self.broken = Some(io::Error::new(error.kind(), error.to_string()));
            error
        })
    }
}
