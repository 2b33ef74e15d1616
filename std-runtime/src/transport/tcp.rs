//! How does a TCP stream come about?

use super::{Incoming, Listener, Outgoing};
use crate::endpoint::{Endpoint, Host};
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, TcpKeepalive, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, lookup_host};

/// Connects to the first address of the host that answers.
pub(super) async fn connect(host: &Host, port: u16) -> io::Result<(Incoming, Outgoing)> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses(host, port).await? {
        match TcpStream::connect(address).await.and_then(other).and_then(halves) {
            Ok(halves) => return Ok(halves),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Listens on the host's address, or on every address of the machine. Returns where, the port resolved.
pub(crate) async fn bind(host: &Host, port: u16) -> io::Result<(Listener, Endpoint)> {
    let listener = match host {
        Host::Any => match listen(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port)) {
            // A machine without IPv6.
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
                listen(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port))
            }
            listener => listener,
        },
        host => {
            let addresses = addresses(host, port).await?;
            let first = addresses.first().copied();
            listen(first.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"))?)
        }
    }?;
    let endpoint = listener.local_addr()?.into();
    Ok((Listener::Tcp(listener), endpoint))
}

/// Whether only this machine can connect to the host's first address.
pub(crate) async fn is_loopback(host: &Host) -> io::Result<bool> {
    let addresses = addresses(host, 0).await?;
    Ok(!addresses.is_empty() && addresses.iter().all(|address| address.ip().to_canonical().is_loopback()))
}

/// A stream to somebody else: dialling a port of this machine that nobody listens on, one can be given that very port
/// and reach oneself.
fn other(stream: TcpStream) -> io::Result<TcpStream> {
    let is_other = stream.local_addr()? != stream.peer_addr()?;
    is_other.then_some(stream).ok_or_else(|| io::ErrorKind::ConnectionRefused.into())
}

/// Sets up a stream and takes it apart. No delay, for messages are batched here; keepalive, for peers of ZMTP 3.0 know
/// no PING.
pub(super) fn halves(stream: TcpStream) -> io::Result<(Incoming, Outgoing)> {
    stream.set_nodelay(true)?;
    SockRef::from(&stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE))?;
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

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        socket.set_only_v6(false)?;
    }
    // A server that is started again binds although connections of its former life linger.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::from(address))?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

const KEEPALIVE: Duration = Duration::from_secs(30);
const BACKLOG: i32 = 1024;

#[cfg(test)]
mod tests {
    use socket2::{Domain, Socket, Type};
    use std::net::{Ipv4Addr, SocketAddr};

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
