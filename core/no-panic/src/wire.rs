//! Can reading or writing octets panic?

use zeptomq_core::wire::command::Context;
use zeptomq_core::wire::greeting::MechanismName;
use zeptomq_core::wire::metadata::check_identity;
use zeptomq_core::wire::{Command, FrameKind, Greeting, Header, Octets, PeerInfo, SocketType, Window};

use crate::unknown::{either, keep, octet, octets, size};

/// Calls what `wire` offers.
pub fn call() {
    greeting();
    frame();
    command();
    metadata();
    socket_type();
}

fn greeting() {
    let mut buffer = [0; 64];
    octets(&mut buffer);
    if let Ok(greeting) = Greeting::decode(&buffer) {
        keep((greeting.mechanism, MechanismName::NULL.is(greeting.mechanism)));
    }
    Greeting::encode(MechanismName::NULL, either(), &mut buffer);
    keep(Greeting::check(octets(&mut buffer)));
    keep(core::str::from_utf8(octets(&mut buffer)).map(MechanismName::new));
}

fn frame() {
    let (mut input, mut output) = ([0; 16], [0; 16]);
    keep(Header::decode(octets(&mut input)));
    keep(Header::len_for(size()));
    let mut out = Window::new(octets(&mut output));
    if let Ok(kind) = FrameKind::from_flags(octet()) {
        keep(Header::encode(kind, size(), &mut out));
    }
    keep(out.put(octets(&mut input)));
    keep((out.len(), out.is_empty()));
}

fn command() {
    let (mut input, mut output) = ([0; 64], [0; 64]);
    let mut out = Window::new(octets(&mut output));
    if let Ok(command) = Command::decode(octets(&mut input)) {
        keep(command.encode(&mut out));
        keep(command);
    }
    keep(Context::new(octets(&mut input)).map(|context| Command::Pong(context).encode(&mut out)));
    let input = octets(&mut input);
    keep(Command::Ready(input).encode(&mut out));
    keep(Command::Error(input).encode(&mut out));
    keep(Command::Other { name: input, data: input }.encode(&mut out));
}

fn metadata() {
    let (mut input, mut output) = ([0; 64], [0; 64]);
    let mut out = Window::new(octets(&mut output));
    if let Ok(info) = PeerInfo::decode(octets(&mut input)) {
        keep(info);
        keep(info.encode(&mut out));
    }
    let identity = octets(&mut input);
    keep(check_identity(identity));
    let socket_type = SocketType::from_name(identity);
    keep(PeerInfo { socket_type, identity }.encode(&mut out));
}

fn socket_type() {
    let mut input = [0; 8];
    if let Some(ours) = SocketType::from_name(octets(&mut input)) {
        let peer = SocketType::from_name(octets(&mut input));
        keep(peer.map(|peer| ours.accepts(peer)));
        keep((ours.name(), ours.has_identity()));
    }
}
