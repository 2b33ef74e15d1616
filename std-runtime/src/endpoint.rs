//! What does an endpoint's text mean?

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

/// Where a socket binds or connects: `tcp://HOST:PORT`, `ipc://PATH` or `inproc://NAME`.
///
/// `HOST` is an IPv4 address, an IPv6 address in brackets, a name, or `*` for every address of the machine (to bind).
/// `PORT` is a number, or `*` or `0` for one that the system picks (to bind). `NAME` is any text of 1 to 255 octets, known
/// within a [`Context`](crate::Context); it may be connected to before it is bound.
///
/// ```
/// use zeptomq::Endpoint;
/// let endpoint: Endpoint = "tcp://[::1]:5555".parse().unwrap();
/// assert_eq!(endpoint.to_string(), "tcp://[::1]:5555");
/// assert!("tcp://localhost".parse::<Endpoint>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Endpoint {
    /// A TCP port.
    Tcp {
        /// Which machine.
        host: Host,
        /// Which port; 0 for one that the system picks.
        port: u16,
    },
    /// A Unix domain socket.
    Ipc(PathBuf),
    /// A name within a context: of 1 to 255 octets.
    Inproc(String),
    /// A stream that the program brought, by the name that it gave it: see [`Socket::serve`](crate::Socket::serve) and
    /// [`Socket::connect_with`](crate::Socket::connect_with). It is shown as `stream://NAME`, in events; one neither binds
    /// nor connects to it.
    Stream(String),
}

/// The machine of a TCP endpoint.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Host {
    /// Every address of this machine, IPv6 and IPv4.
    Any,
    /// One address.
    Address(IpAddr),
    /// A name, looked up at each attempt to connect.
    Name(String),
}

/// Why a text is no endpoint, or not one for this use.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum EndpointError {
    /// It does not begin with `tcp://`, `ipc://` or `inproc://`.
    UnknownTransport(String),
    /// It has no port.
    NoPort(String),
    /// Its port is no number up to 65,535, nor `*`.
    BadPort(String),
    /// Its host is empty, or a bracket is missing.
    BadHost(String),
    /// Its path is empty or longer than the system allows (107 octets).
    BadPath(String),
    /// Its name is empty or longer than 255 octets.
    BadName(String),
    /// It names a stream that the program has to bring.
    Stream(String),
    /// One cannot connect to every address, or to port 0.
    Wildcard(String),
    /// Sockets bind and connect within a tokio runtime.
    NoRuntime,
    /// The system has no thread for looking after heartbeats, and why.
    NoThread(String),
    /// The socket has 65,536 peers already.
    TooMany,
    /// A PAIR has one peer at most, and it has one.
    Taken,
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        if let Some(path) = text.strip_prefix("ipc://") {
            if path.is_empty() || path.len() > IPC_LEN_MAX {
                return Err(EndpointError::BadPath(text.into()));
            }
            return Ok(Self::Ipc(path.into()));
        }
        if let Some(name) = text.strip_prefix("inproc://") {
            return if fits(name) { Ok(Self::Inproc(name.into())) } else { Err(EndpointError::BadName(text.into())) };
        }
        if let Some(name) = text.strip_prefix("stream://") {
            return Self::stream(name);
        }
        let Some(address) = text.strip_prefix("tcp://") else {
            return Err(EndpointError::UnknownTransport(text.into()));
        };
        let (host, port) = address.rsplit_once(':').ok_or_else(|| EndpointError::NoPort(text.into()))?;
        if host.starts_with('[') && !host.ends_with(']') {
            return Err(EndpointError::NoPort(text.into()));
        }
        let port = match port {
            "" => return Err(EndpointError::NoPort(text.into())),
            "*" => 0,
            number => number.parse().map_err(|_| EndpointError::BadPort(text.into()))?,
        };
        let host = Host::parse(host).ok_or_else(|| EndpointError::BadHost(text.into()))?;
        Ok(Self::Tcp { host, port })
    }
}

impl Endpoint {
    /// The stream of this name.
    pub(crate) fn stream(name: &str) -> Result<Self, EndpointError> {
        if fits(name) { Ok(Self::Stream(name.into())) } else { Err(EndpointError::BadName(format!("stream://{name}"))) }
    }

    /// The endpoint, if one can connect to it.
    pub(crate) fn for_connect(self) -> Result<Self, EndpointError> {
        match &self {
            Self::Tcp { host: Host::Any, .. } | Self::Tcp { port: 0, .. } => {
                Err(EndpointError::Wildcard(self.to_string()))
            }
            Self::Stream(_) => Err(EndpointError::Stream(self.to_string())),
            _ => Ok(self),
        }
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        let host = if address.ip().is_unspecified() { Host::Any } else { Host::Address(address.ip().to_canonical()) };
        Self::Tcp { host, port: address.port() }
    }
}

impl Host {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Any);
        }
        if let Some(address) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            return address.parse().ok().map(|address| Self::Address(IpAddr::V6(address)));
        }
        if text.is_empty() || text.contains([':', '/', ' ', '[', ']', '@']) {
            return None;
        }
        Some(text.parse().map_or_else(|_| Self::Name(text.into()), Self::Address))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host: Host::Any, port } => write!(f, "tcp://*:{port}"),
            Self::Tcp { host: Host::Address(IpAddr::V6(address)), port } => write!(f, "tcp://[{address}]:{port}"),
            Self::Tcp { host: Host::Address(address), port } => write!(f, "tcp://{address}:{port}"),
            Self::Tcp { host: Host::Name(name), port } => write!(f, "tcp://{name}:{port}"),
            Self::Ipc(path) => write!(f, "ipc://{}", path.display()),
            Self::Inproc(name) => write!(f, "inproc://{name}"),
            Self::Stream(name) => write!(f, "stream://{name}"),
        }
    }
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownTransport(text) => {
                write!(f, "\"{text}\" is no endpoint: it begins with tcp://, ipc:// or inproc://")
            }
            Self::NoPort(text) => write!(f, "\"{text}\" has no port, as in tcp://127.0.0.1:5555"),
            Self::BadPort(text) => write!(f, "\"{text}\" has no valid port: a number up to 65535, or * to bind"),
            Self::BadHost(text) => {
                write!(f, "\"{text}\" has no valid host: an address (IPv6 in brackets), a name, or * to bind")
            }
            Self::BadPath(text) => write!(f, "\"{text}\" needs a path of 1 to {IPC_LEN_MAX} octets"),
            Self::BadName(text) => write!(f, "\"{text}\" needs a name of 1 to {NAME_LEN_MAX} octets"),
            Self::Stream(text) => {
                write!(f, "\"{text}\" is a stream that the program brings: call serve or connect_with for it")
            }
            Self::Wildcard(text) => write!(f, "\"{text}\" is for bind: to connect, name the machine and the port"),
            Self::TooMany => f.write_str("the socket has no room for another peer"),
            Self::Taken => zeptomq_core::pattern::Refused::Taken.fmt(f),
            Self::NoRuntime => f.write_str("sockets bind and connect within a tokio runtime"),
            Self::NoThread(error) => write!(f, "no thread for looking after heartbeats: {error}"),
        }
    }
}

impl std::error::Error for EndpointError {}

/// Whether a name is neither empty nor too long.
fn fits(name: &str) -> bool {
    (1..=NAME_LEN_MAX).contains(&name.len())
}

/// What fits into the system's address with its final zero.
const IPC_LEN_MAX: usize = 107;
const NAME_LEN_MAX: usize = 255;

#[cfg(test)]
mod tests {
    use super::{Endpoint, EndpointError};

    #[test]
    fn endpoints_are_read_and_shown_alike() {
        for text in [
            "tcp://127.0.0.1:5555",
            "tcp://[::1]:5555",
            "tcp://localhost:80",
            "tcp://*:5555",
            "tcp://*:0",
            "ipc:///tmp/socket",
            "ipc://relative",
            "inproc://name",
            "inproc://*",
            "stream://tls of 10.0.0.7",
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), text);
        }
        assert_eq!("tcp://127.0.0.1:*".parse::<Endpoint>().unwrap().to_string(), "tcp://127.0.0.1:0");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let parse = |text: &str| text.parse::<Endpoint>().unwrap_err();
        for (text, error) in [
            ("127.0.0.1:5555", EndpointError::UnknownTransport as fn(String) -> EndpointError),
            ("http://x:1", EndpointError::UnknownTransport),
            ("tcp://localhost", EndpointError::NoPort),
            ("tcp://localhost:", EndpointError::NoPort),
            ("tcp://[::1]", EndpointError::NoPort),
            ("tcp://localhost:65536", EndpointError::BadPort),
            ("tcp://localhost:x", EndpointError::BadPort),
            ("tcp://:5555", EndpointError::BadHost),
            ("tcp://::1:5555", EndpointError::BadHost),
            ("ipc://", EndpointError::BadPath),
            ("inproc://", EndpointError::BadName),
            ("stream://", EndpointError::BadName),
        ] {
            assert_eq!(parse(text), error(text.into()));
        }
        let path = format!("ipc://{}", "p".repeat(108));
        assert_eq!(parse(&path), EndpointError::BadPath(path));
        let name = format!("inproc://{}", "n".repeat(255));
        assert!(name.parse::<Endpoint>().is_ok());
        assert_eq!(parse(&format!("{name}n")), EndpointError::BadName(format!("{name}n")));
    }

    #[test]
    fn one_connects_to_a_machine_and_a_port() {
        for (text, good) in [
            ("tcp://*:1", false),
            ("tcp://localhost:0", false),
            ("stream://x", false),
            ("tcp://localhost:1", true),
            ("ipc://x", true),
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap().for_connect().is_ok(), good, "{text}");
        }
    }
}
