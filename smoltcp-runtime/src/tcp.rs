//! What does a TCP socket of smoltcp have to say to us? This is the one file that asks it.

use embedded_io::{ErrorKind, ErrorType, Read, ReadReady, Write, WriteReady};
use smoltcp::iface::{Interface, SocketHandle, SocketSet};
use smoltcp::socket::{AnySocket, tcp};
use smoltcp::time::Duration;
use smoltcp::wire::IpEndpoint;

/// A TCP socket for a [`SocketSet`], with a buffer for what arrived and was not read yet, and one for what was written
/// and was not acknowledged yet. Of the first, 65,535 octets are used at the most; none may be empty, or nothing passes.
pub fn tcp_socket<'a>(rx: &'a mut [u8], tx: &'a mut [u8]) -> tcp::Socket<'a> {
    let len = rx.len().min(usize::from(u16::MAX));
    let (rx, _) = rx.split_at_mut_checked(len).unwrap_or_default();
    tcp::Socket::new(tcp::SocketBuffer::new(rx), tcp::SocketBuffer::new(tx))
}

/// How far a socket is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stage {
    /// It has no connection and says nothing.
    Idle,
    /// It listens on that port.
    Listening(u16),
    /// The peer's or our SYN was not acknowledged yet.
    Opening,
    /// Octets can be sent.
    Open,
    /// We closed it, and the peer has not.
    Ending,
    /// Both sides closed it, the peer first, and it has not heard of ours: LAST-ACK.
    Left,
    /// Both sides closed it: TIME-WAIT. Our last acknowledgement leaves with the next frames.
    Ended,
    /// A RST is to be sent.
    Aborting,
}

/// A TCP socket, if there is one.
pub(crate) struct Tcp<'s, 'a>(Option<&'s mut tcp::Socket<'a>>);

impl<'a> Tcp<'_, 'a> {
    pub(crate) const MISSING: Self = Self(None);

    pub(crate) fn stage(&self) -> Stage {
        let Some(socket) = self.0.as_deref() else { return Stage::Idle };
        match socket.state() {
            tcp::State::Closed if socket.local_endpoint().is_some() => Stage::Aborting,
            tcp::State::Closed => Stage::Idle,
            tcp::State::TimeWait => Stage::Ended,
            tcp::State::Listen => Stage::Listening(socket.listen_endpoint().port),
            tcp::State::SynSent | tcp::State::SynReceived => Stage::Opening,
            tcp::State::Established | tcp::State::CloseWait => Stage::Open,
            tcp::State::FinWait1 | tcp::State::FinWait2 | tcp::State::Closing => Stage::Ending,
            tcp::State::LastAck => Stage::Left,
        }
    }

    /// Whether octets are left to be read.
    pub(crate) fn can_recv(&self) -> bool {
        self.0.as_deref().is_some_and(tcp::Socket::can_recv)
    }

    /// Whether it listens on the port now. It must be idle.
    pub(crate) fn listen(&mut self, port: u16) -> bool {
        let Some(socket) = self.0.as_deref_mut() else { return false };
        set_up(socket);
        socket.listen(port).is_ok()
    }

    /// Whether a connection is being opened now. It must be idle.
    pub(crate) fn connect(&mut self, iface: &mut Interface, remote: IpEndpoint, local_port: u16) -> bool {
        let Some(socket) = self.0.as_deref_mut() else { return false };
        set_up(socket);
        socket.connect(iface.context(), remote, local_port).is_ok()
    }

    /// What was written is sent, then that no more comes.
    pub(crate) fn close(&mut self) {
        if let Some(socket) = self.0.as_deref_mut() {
            socket.close();
        }
    }

    /// A RST is to be sent, if there is a connection.
    pub(crate) fn abort(&mut self) {
        if let Some(socket) = self.0.as_deref_mut() {
            socket.abort();
        }
    }

    /// The connection is forgotten, and nobody is told.
    pub(crate) fn forget(&mut self) {
        if let Some(socket) = self.0.as_deref_mut() {
            socket.abort();
            // To listen is what makes a socket forget whom a RST was for; who listens is not told anything.
            let _ = socket.listen(1);
            socket.close();
        }
    }

    pub(crate) fn stream(&mut self) -> Stream<'_, 'a> {
        Stream(self.0.as_deref_mut())
    }
}

/// The first of the local ports that are for dialling (RFC 6335); all above are too.
pub(crate) const EPHEMERAL: u16 = 0xc000;

/// Puts the sockets of these handles into `into`, and says in bits which of the 64 ephemeral ports from `from` on are in
/// use.
pub(crate) fn gather<'s, 'a>(
    sockets: &'s mut SocketSet<'a>,
    handles: impl Fn(SocketHandle) -> Option<usize>,
    into: &mut [Tcp<'s, 'a>],
    from: u16,
) -> u64 {
    let mut in_use = 0;
    for (handle, socket) in sockets.iter_mut() {
        let Some(socket) = tcp::Socket::downcast_mut(socket) else { continue };
        let port = socket.local_endpoint().map_or(socket.listen_endpoint().port, |local| local.port);
        in_use |= 1u64.checked_shl(u32::from(port.wrapping_sub(from) & !EPHEMERAL)).unwrap_or(0);
        if let Some(place) = handles(handle).and_then(|index| into.get_mut(index)) {
            *place = Tcp(Some(socket));
        }
    }
    in_use
}

/// The octets of a connection.
pub(crate) struct Stream<'t, 'a>(Option<&'t mut tcp::Socket<'a>>);

impl Stream<'_, '_> {
    pub(crate) const GONE: Self = Self(None);
}

/// The connection is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Gone;

impl ErrorType for Stream<'_, '_> {
    type Error = Gone;
}

impl ReadReady for Stream<'_, '_> {
    fn read_ready(&mut self) -> Result<bool, Gone> {
        // That nothing comes any more is something to be read too.
        self.0.as_deref().map(|socket| socket.can_recv() || !socket.may_recv()).ok_or(Gone)
    }
}

impl Read for Stream<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Gone> {
        match self.0.as_deref_mut().ok_or(Gone)?.recv_slice(into) {
            Ok(len) => Ok(len),
            Err(tcp::RecvError::Finished) => Ok(0),
            Err(tcp::RecvError::InvalidState) => Err(Gone),
        }
    }
}

impl WriteReady for Stream<'_, '_> {
    fn write_ready(&mut self) -> Result<bool, Gone> {
        self.0.as_deref().filter(|socket| socket.may_send()).map(tcp::Socket::can_send).ok_or(Gone)
    }
}

impl Write for Stream<'_, '_> {
    fn write(&mut self, octets: &[u8]) -> Result<usize, Gone> {
        self.0.as_deref_mut().ok_or(Gone)?.send_slice(octets).map_err(|_| Gone)
    }

    fn flush(&mut self) -> Result<(), Gone> {
        Ok(())
    }
}

impl embedded_io::Error for Gone {
    fn kind(&self) -> ErrorKind {
        ErrorKind::ConnectionReset
    }
}

impl core::fmt::Display for Gone {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the connection is gone")
    }
}

impl core::error::Error for Gone {}

fn set_up(socket: &mut tcp::Socket<'_>) {
    // A message is not to wait for the acknowledgement of the one before.
    socket.set_nagle_enabled(false);
    socket.set_timeout(Some(SILENCE_MAX));
    socket.set_keep_alive(Some(KEEP_ALIVE));
}

/// A peer whose TCP says nothing for so long is gone. smoltcp counts that on idle connections too, which keep-alive keeps
/// from being silent.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// Longer than the interval of a socket's heartbeats: where these are, no keep-alive is ever sent.
const KEEP_ALIVE: Duration = Duration::from_secs(12);
