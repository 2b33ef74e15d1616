//! Does the user want the command to end?

use crate::failure::Failure;

/// Listens for Ctrl-C, and for the polite end that service managers ask for.
pub(crate) struct Interrupt {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Interrupt {
    /// From now on the process does not end by itself.
    pub(crate) fn listen() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).map_err(|error| Failure::Failed(format!("cannot listen for Ctrl-C: {error}")));
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Waits until the user wants the end.
    ///
    /// # Cancel safety
    /// Cancelling loses nothing.
    pub(crate) async fn raised(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => (),
            _ = self.interrupt.recv() => (),
        }
    }
}

#[cfg(not(unix))]
impl Interrupt {
    /// From now on the process does not end by itself.
    pub(crate) fn listen() -> Result<Self, Failure> {
        Ok(Self {})
    }

    /// Waits until the user wants the end.
    pub(crate) async fn raised(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
