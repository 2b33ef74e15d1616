//! Which sockets does the node have, at which ports, and how much memory do they take?

use crate::node::REPLY_LEN_MAX;
use zeptomq_core::link::Setup;
use zeptomq_core::mechanism::Null;
use zeptomq_core::pattern::req::Mode;
use zeptomq_core::pattern::{Pub, Pull, Push, Rep, Req, Sub};
use zeptomq_core::socket::{self, FixedSocket, Links};
use zeptomq_core::storage::Fixed;

/// The memory of the six sockets. It is all zeros, so that one in a static takes no room in flash.
pub struct Memory {
    // Most of a second of telemetry waits for a subscriber.
    telemetry: socket::Memory<Null, PEERS_MAX, RX_LEAST, 448>,
    // The longest reply fits behind the envelope of any client that asks directly.
    requests: socket::Memory<Null, 2, 512, { REPLY_LEN_MAX + 128 }>,
    work: socket::Memory<Null, 2, 640, 0>,
    // Some eighty answers wait for a collector that is away.
    reports: socket::Memory<Null, 1, RX_LEAST, 1280>,
    commands: socket::Memory<Null, 1, 256, 0>,
    // Room for one question: a server that comes late is asked once.
    time_server: socket::Memory<Null, 1, RX_LEAST, 24>,
}

impl Memory {
    /// Memory that no node uses yet.
    pub const NEW: Self = Self {
        telemetry: socket::Memory::NEW,
        requests: socket::Memory::NEW,
        work: socket::Memory::NEW,
        reports: socket::Memory::NEW,
        commands: socket::Memory::NEW,
        time_server: socket::Memory::NEW,
    };
}

/// Where a socket's peers come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// They connect to this port of the board.
    Bind(u16),
    /// One is connected to, at this port of the host, whose address the board knows.
    Connect(u16),
}

/// The six sockets.
pub(crate) struct Sockets<'m> {
    pub(crate) telemetry: FixedSocket<'m, Pub<Fixed<PEERS_MAX>>, Null>,
    pub(crate) requests: FixedSocket<'m, Rep<Fixed<2>>, Null>,
    pub(crate) work: FixedSocket<'m, Pull, Null>,
    pub(crate) reports: FixedSocket<'m, Push<Fixed<1>>, Null>,
    pub(crate) commands: FixedSocket<'m, Sub<Fixed<1, 0, 1, { COMMANDS_TOPIC.len() }>>, Null>,
    pub(crate) time_server: FixedSocket<'m, Req<Fixed<1>>, Null>,
}

impl<'m> Sockets<'m> {
    pub(crate) fn new(memory: &'m mut Memory, first_request: u32) -> Self {
        let Memory { telemetry, requests, work, reports, commands, time_server } = memory;
        let req = Req::new(Mode::Relaxed, first_request);
        Self {
            telemetry: FixedSocket::new(Pub::NEW, Null::NEW, telemetry, &Setup::DEFAULT),
            requests: FixedSocket::new(Rep::NEW, Null::NEW, requests, &Setup::DEFAULT),
            work: FixedSocket::new(Pull, Null::NEW, work, &Setup::DEFAULT),
            reports: FixedSocket::new(Push::NEW, Null::NEW, reports, &Setup::DEFAULT),
            commands: FixedSocket::new(Sub::NEW, Null::NEW, commands, &Setup::DEFAULT),
            time_server: FixedSocket::new(req, Null::NEW, time_server, &Setup::DEFAULT),
        }
    }

    pub(crate) fn links(&mut self) -> [(Links<'_, Null>, Role); 6] {
        [
            (self.telemetry.links(), Role::Bind(TELEMETRY_PORT)),
            (self.requests.links(), Role::Bind(REQUESTS_PORT)),
            (self.work.links(), Role::Bind(WORK_PORT)),
            (self.reports.links(), Role::Connect(REPORTS_PORT)),
            (self.commands.links(), Role::Connect(COMMANDS_PORT)),
            (self.time_server.links(), Role::Connect(TIME_PORT)),
        ]
    }
}

/// The most peers that one of the sockets has.
pub const PEERS_MAX: usize = 4;

/// Octets that the six sockets take, their memory included.
pub const SOCKETS_SIZE: usize = size_of::<Memory>() + size_of::<Sockets<'_>>();

const _: () = assert!(SOCKETS_SIZE <= 14 * 1024, "with a network stack beside them they fit in 64 KB");

/// Where the telemetry is published.
pub const TELEMETRY_PORT: u16 = 5556;
/// Where requests are answered.
pub const REQUESTS_PORT: u16 = 5557;
/// Where answers to jobs go.
pub const REPORTS_PORT: u16 = 5558;
/// Where commands come from.
pub const COMMANDS_PORT: u16 = 5559;
/// Where jobs are taken.
pub const WORK_PORT: u16 = 5560;
/// Where the time is asked.
pub const TIME_PORT: u16 = 5561;

/// What every command begins with.
pub(crate) const COMMANDS_TOPIC: &[u8] = b"cmd.";

/// What arrives at a socket that hardly receives: a handshake, and topics.
const RX_LEAST: usize = 192;
