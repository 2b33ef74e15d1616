//! What if the program brings the stream? TLS, a serial line, a pipe in memory: a peer may be at the end of anything that
//! octets are read from and written to.

use crate::dial::{Callee, Dialling};
use crate::endpoint::{Endpoint, EndpointError};
use crate::junction::Junction;
use crate::life::Phase;
use crate::listen::BindError;
use crate::socket::Socket;
use crate::transport::stream::halves;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use zeptomq_core::pattern::Pattern;

impl<P: Pattern + Send> Socket<P> {
    /// Shakes hands with whoever is at the other end of a stream that the program accepted; then it is a peer like one
    /// that connected to a bound endpoint. Returns at once. [`monitor`](Self::monitor) tells how it goes, and calls the
    /// stream `stream://NAME`; several may have one name, of 1 to 255 octets.
    ///
    /// [`Options::handshake_timeout`](crate::Options::handshake_timeout) and
    /// [`Options::handshakes_max`](crate::Options::handshakes_max) apply, the latter to all streams served by the socket
    /// together. Who may reach the stream is the program's to decide: no opt-in is asked.
    ///
    /// The stream has to take 1 KiB before any of it is read at its other end: both ends of a connection speak first.
    /// What is written to it is flushed when there is no more for now. To hang up, the socket shuts it down and reads on
    /// to its end. With an error, the stream is dropped.
    ///
    /// ```
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeptomq::{Pull, Push};
    ///
    /// let (one, other) = tokio::io::duplex(64 * 1024);
    /// let (push, mut pull) = (Push::new(), Pull::new());
    /// pull.serve(one, "memory")?;
    /// push.serve(other, "memory")?;
    /// push.wait_for_peers(1).await;
    /// push.send("hello").await?;
    /// assert_eq!(&pull.recv().await?[0], b"hello");
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(example()).unwrap();
    /// ```
    pub fn serve<T>(&self, stream: T, name: &str) -> Result<(), BindError>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let endpoint = Endpoint::stream(name)?;
        let runtime = self.start()?;
        let hub = self.hub();
        if hub.lock().phase != Phase::Open {
            return Err(BindError::Closed);
        }
        let junction: Arc<dyn Junction> = hub.clone();
        hub.shared.served.admit(&junction, halves(stream), endpoint, &runtime);
        Ok(())
    }

    /// Connects over the streams that `dial` makes: it is called now, and whenever the connection is lost, after the same
    /// delays as those of [`connect`](Self::connect). Returns at once; the queue for the peer exists from now on.
    /// [`monitor`](Self::monitor) tells how it goes, and calls the peer `stream://NAME`; a name has 1 to 255 octets.
    ///
    /// An attempt that takes longer than [`Options::handshake_timeout`](crate::Options::handshake_timeout) is dropped, and
    /// so is one under way when the socket is closed. Streams are treated as by [`serve`](Self::serve).
    ///
    /// ```
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use tokio::net::TcpStream;
    /// use zeptomq::{Pull, Push};
    ///
    /// let mut pull = Pull::new();
    /// let endpoint = pull.bind("tcp://127.0.0.1:0").await?.to_string();
    ///
    /// let push = Push::new();
    /// let address = endpoint.replace("tcp://", "");
    /// push.connect_with("through our own hands", move || TcpStream::connect(address.clone()))?;
    /// push.send("hello").await?;
    /// assert_eq!(&pull.recv().await?[0], b"hello");
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(example()).unwrap();
    /// ```
    pub fn connect_with<T, F>(
        &self,
        name: &str,
        dial: impl Fn() -> F + Send + Sync + 'static,
    ) -> Result<(), EndpointError>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        F: Future<Output = io::Result<T>> + Send + 'static,
    {
        let own = move || -> Dialling {
            let dialling = dial();
            Box::pin(async move { dialling.await.map(halves) })
        };
        self.dial(Callee { endpoint: Endpoint::stream(name)?, own: Some(Box::new(own)) })
    }
}
