//! How does a TCP stream come about?

use super::{Incoming, Listener, Outgoing};
use crate::endpoint::{Endpoint, Host};
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, TcpKeepalive, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream, lookup_host};

/// How TCP streams are set up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) nodelay: bool,
    /// After how long a silence the system asks for a sign of life, and how often; zero for never.
    pub(crate) keepalive: (Duration, Duration),
    /// In octets; the system's when none.
    pub(crate) send_buffer: Option<usize>,
    pub(crate) receive_buffer: Option<usize>,
}

impl Setup {
    /// No delay, for messages are batched here; keepalive, for peers of ZMTP 3.0 know no PING.
    pub(crate) const DEFAULT: Self =
        Self { nodelay: true, keepalive: (KEEPALIVE, KEEPALIVE), send_buffer: None, receive_buffer: None };

    /// Before there is a connection, which begins with an offer of what the buffer holds.
    fn size_buffers(&self, socket: &SockRef<'_>) -> io::Result<()> {
        self.send_buffer.map_or(Ok(()), |octets| socket.set_send_buffer_size(octets))?;
        self.receive_buffer.map_or(Ok(()), |octets| socket.set_recv_buffer_size(octets))
    }
}

/// Connects to the first address of the host that answers.
pub(super) async fn connect(host: &Host, port: u16, setup: &Setup) -> io::Result<(Incoming, Outgoing)> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses(host, port).await? {
        match dial(address, setup).await.and_then(other).and_then(|stream| halves(stream, setup)) {
            Ok(halves) => return Ok(halves),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Listens on the host's address, or on every address of the machine. Returns where, the port resolved.
pub(crate) async fn bind(host: &Host, port: u16, setup: &Setup) -> io::Result<(Listener, Endpoint)> {
    let listener = match host {
        Host::Any => match listen(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port), setup) {
            // A machine without IPv6.
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
                listen(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port), setup)
            }
            listener => listener,
        },
        host => {
            let addresses = addresses(host, port).await?;
            let first = addresses.first().copied();
            listen(first.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"))?, setup)
        }
    }?;
    let endpoint = listener.local_addr()?.into();
    Ok((Listener::Tcp(listener, *setup), endpoint))
}

/// Whether only this machine can connect to the host's first address.
pub(crate) async fn is_loopback(host: &Host) -> io::Result<bool> {
    let addresses = addresses(host, 0).await?;
    Ok(!addresses.is_empty() && addresses.iter().copied().all(is_within))
}

/// A stream to somebody else: dialling a port of this machine that nobody listens on, one can be given that very port
/// and reach oneself.
fn other(stream: TcpStream) -> io::Result<TcpStream> {
    let is_other = stream.local_addr()? != stream.peer_addr()?;
    is_other.then_some(stream).ok_or_else(|| io::ErrorKind::ConnectionRefused.into())
}

/// Sets up a stream and takes it apart.
pub(super) fn halves(stream: TcpStream, setup: &Setup) -> io::Result<(Incoming, Outgoing)> {
    stream.set_nodelay(setup.nodelay)?;
    let (idle, interval) = setup.keepalive;
    if !idle.is_zero() {
        SockRef::from(&stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(idle).with_interval(interval))?;
    }
    // Under an address of the machine that is not loopback this shows only now; of who has hung up already, never.
    let ends = stream.local_addr().and_then(|own| Ok((own.ip(), stream.peer_addr()?.ip())));
    if ends.is_ok_and(|(own, other)| own == other) {
        spare_pacing(&SockRef::from(&stream));
    }
    let (incoming, outgoing) = stream.into_split();
    Ok((Incoming::Tcp(incoming), Outgoing::Tcp(outgoing)))
}

async fn addresses(host: &Host, port: u16) -> io::Result<Vec<SocketAddr>> {
    match host {
        Host::Any => Ok(vec![SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port)]),
        Host::Address(address) => Ok(vec![SocketAddr::new(*address, port)]),
        Host::Name(name) => Ok(lookup_host((name.as_str(), port)).await?.collect()),
    }
}

async fn dial(address: SocketAddr, setup: &Setup) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    setup.size_buffers(&SockRef::from(&socket))?;
    if is_within(address) {
        spare_pacing(&SockRef::from(&socket));
    }
    socket.connect(address).await
}

fn listen(address: SocketAddr, setup: &Setup) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        socket.set_only_v6(false)?;
    }
    // A server that is started again binds although connections of its former life linger.
    socket.set_reuse_address(true)?;
    // The streams of those who are accepted have what the listener has.
    setup.size_buffers(&SockRef::from(&socket))?;
    if is_within(address) {
        spare_pacing(&SockRef::from(&socket));
    }
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::from(address))?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Whether who has this address is on this machine.
fn is_within(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// For a stream that does not leave the machine, where nothing can be congested: BBR, where that is the system's congestion
/// control, has a clock strike before each piece that leaves, which costs up to three quarters of the speed. RFC 5681's has
/// none, and every process may ask for it. Best before there is a connection, for one that BBR has begun keeps its clock.
fn spare_pacing(socket: &SockRef<'_>) {
    // Who cannot have it is slower, and that is all.
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_congestion(b"reno");
    #[cfg(not(target_os = "linux"))]
    let _ = socket;
}

const KEEPALIVE: Duration = Duration::from_secs(30);
const BACKLOG: i32 = 1024;

#[cfg(test)]
mod tests {
    use crate::options::Options;
    use crate::socket::Dealer;
    use crate::transport::Outgoing;
    use socket2::{Domain, SockRef, Socket, Type};
    use std::net::{Ipv4Addr, SocketAddr};
    use std::time::Duration;

    /// Has the streams of two sockets that are connected looked at: the one who connected, and the one who accepted.
    async fn look<T: PartialEq + std::fmt::Debug>(options: Options, look: impl Fn(&SockRef<'_>) -> T) -> T {
        look_at("127.0.0.1", options, look).await
    }

    async fn look_at<T: PartialEq + std::fmt::Debug>(
        host: &str,
        options: Options,
        look: impl Fn(&SockRef<'_>) -> T,
    ) -> T {
        let [one, other] = [(); 2].map(|()| Dealer::with(options.clone()).unwrap());
        let endpoint = one.bind(&format!("tcp://{host}:0")).await.unwrap();
        let port = endpoint.to_string().rsplit(':').next().unwrap().to_owned();
        let host = if host == "*" { "127.0.0.1" } else { host };
        other.connect(&format!("tcp://{host}:{port}")).unwrap();
        let [one, other] = [&one, &other].map(|socket| async {
            socket.wait_for_peers(1).await;
            let mut state = socket.hub().lock();
            let line = state.peers.iter_mut().find_map(|peer| peer.line.as_ref()).unwrap();
            let Outgoing::Tcp(half) = &*line.out else { panic!("no TCP stream") };
            look(&SockRef::from(half.as_ref()))
        });
        let (one, other) =
            tokio::time::timeout(Duration::from_secs(20), async { tokio::join!(one, other) }).await.unwrap();
        assert_eq!(one, other);
        one
    }

    #[tokio::test]
    async fn nodelay_is_on_unless_it_is_not_wanted() {
        for (options, nodelay) in [(Options::new(), true), (Options::new().nodelay(false), false)] {
            assert_eq!(look(options, |stream| stream.tcp_nodelay().unwrap()).await, nodelay);
        }
    }

    #[tokio::test]
    async fn keepalive_is_on_unless_it_is_not_wanted() {
        let keepalive = |stream: &SockRef<'_>| {
            let times = (stream.tcp_keepalive_time().unwrap(), stream.tcp_keepalive_interval().unwrap());
            stream.keepalive().unwrap().then_some(times)
        };
        let [long, short] = [77, 33].map(Duration::from_secs);
        for (options, expected) in [
            (Options::new(), Some((super::KEEPALIVE, super::KEEPALIVE))),
            (Options::new().keepalive(long, short), Some((long, short))),
            (Options::new().keepalive(Duration::ZERO, short), None),
        ] {
            assert_eq!(look(options, keepalive).await, expected);
        }
    }

    /// The system may double what it is asked for, and its own are larger.
    #[tokio::test]
    async fn buffers_are_as_large_as_is_asked() {
        let options = Options::new().send_buffer(20_000);
        assert!((20_000..=40_000).contains(&look(options, |stream| stream.send_buffer_size().unwrap()).await));
        let options = Options::new().receive_buffer(20_000);
        assert!((20_000..=40_000).contains(&look(options, |stream| stream.recv_buffer_size().unwrap()).await));
    }

    /// A clock before each piece costs more than the piece. At a second address the two ends have different ones.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn nothing_paces_what_stays_within_the_machine() {
        let name = |stream: &SockRef<'_>| String::from_utf8(stream.tcp_congestion().unwrap()).unwrap();
        let is_reno = |name: String| name.trim_end_matches('\0') == "reno";
        for host in ["127.0.0.1", "127.0.0.2", "*"] {
            let options = Options::new().allow_unauthenticated();
            assert!(is_reno(look_at(host, options, name).await), "{host}");
        }
    }

    /// Else it would count as a listener's trouble, which waits before it accepts another.
    #[tokio::test]
    async fn a_stranger_that_has_hung_up_already_is_no_trouble_of_the_listener() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stranger = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        SockRef::from(&stranger).set_linger(Some(Duration::ZERO)).unwrap();
        drop(stranger);
        while stream.peer_addr().is_ok() {
            tokio::task::yield_now().await;
        }
        assert!(super::halves(stream, &super::Setup::DEFAULT).is_ok());
    }

    #[tokio::test]
    async fn nobody_is_connected_to_himself() {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
        socket.connect(&socket.local_addr().unwrap()).unwrap();
        socket.set_nonblocking(true).unwrap();
        let stream = tokio::net::TcpStream::from_std(socket.into()).unwrap();
        assert!(super::other(stream).is_err());
    }
}
