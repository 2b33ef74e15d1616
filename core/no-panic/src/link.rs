//! Can one connection panic, whatever arrives and however little room there is?

use zeptomq_core::backoff::Backoff;
use zeptomq_core::link::{Handshake, Heartbeat, HeartbeatSetup, Limits, Reader, Step, Writer};
use zeptomq_core::mechanism::{Clear, Mechanism, Null, Open, Seal};
use zeptomq_core::time::Instant;
use zeptomq_core::wire::{Command, FrameKind, SocketType, Version, Window};

use crate::mask::Mask;
use crate::unknown::{either, keep, octet, octets, say, size};

/// Calls what `link` offers, without security and with a mechanism that seals.
pub fn call() {
    connection(Null::NEW);
    connection(Mask);
    heartbeat();
    backoff();
}

fn connection<M: Mechanism>(mechanism: M) {
    let (mut input, mut output, mut identity) = ([0; 400], [0; 400], [0; 300]);
    let Some(socket_type) = SocketType::from_name(octets(&mut input)) else { return };
    let mut handshake = Handshake::new(mechanism, socket_type, size(), moment());
    while either() {
        match handshake.handle(octets(&mut input)) {
            Ok(introduced) => keep(introduced),
            Err(error) => {
                keep((error.reason_for_peer(), error.is_final()));
                say(error);
                return;
            }
        }
        let entropy = &mut |room: &mut [u8]| keep(octets(room));
        keep(handshake.poll_transmit(octets(&mut identity), entropy, octets(&mut output)));
        keep(handshake.poll_timeout());
        keep(handshake.handle_timeout(moment()));
    }
    let Some((open, seal)) = handshake.traffic() else { return };
    read(open);
    write(seal);
}

fn read<O: Open>(open: O) {
    let mut input = [0; 400];
    let limits = Limits { window: size(), frame_len_max: size(), message_len_max: size() };
    let mut reader = Reader::new(open, limits);
    while either() {
        let (step, used) = match reader.next(octets(&mut input)) {
            Ok(next) => next,
            Err(error) => return say(error),
        };
        keep(used);
        if let Step::Large { kind, len } = step {
            keep(len);
            keep(reader.open_large(kind, octets(&mut input)));
        } else {
            keep(step);
        }
    }
}

fn write<S: Seal>(seal: S) {
    let (mut body, mut output) = ([0; 400], [0; 400]);
    let mut writer = Writer::new(seal);
    let mut out = Window::new(octets(&mut output));
    while either() {
        let Ok(kind) = FrameKind::from_flags(octet()) else { return };
        keep(writer.frame(kind, octets(&mut body), &mut out));
        if let Ok(command) = Command::decode(octets(&mut body)) {
            keep(writer.command(&command, &mut out));
        }
        keep(Writer::new(Clear).header(kind, size(), &mut out));
    }
}

fn backoff() {
    let (backoff, mut step_ms) = (Backoff::new(size() as u32, size() as u32), size() as u32);
    while either() {
        keep(backoff.next_ms(&mut step_ms, size() as u32));
        if either() {
            step_ms = 0;
        }
    }
}

fn heartbeat() {
    let mut input = [0; 32];
    let setup = HeartbeatSetup { interval_ms: size() as u32, timeout_ms: size() as u32 };
    let version = if either() { Version::V3_0 } else { Version::V3_1 };
    let mut heartbeat =
        Heartbeat::new(setup, if either() { SocketType::Push } else { SocketType::Pull }, version, moment());
    while either() {
        if either() {
            heartbeat.heard(moment());
        }
        if let Ok(command) = Command::decode(octets(&mut input)) {
            heartbeat.handle(&command);
        }
        keep(heartbeat.poll_transmit(moment()));
        keep(heartbeat.poll_timeout().map(|at| at.ms_from(moment())));
        keep(heartbeat.is_expired(moment()));
    }
}

fn moment() -> Instant {
    Instant::from_ms(size() as u32).after_ms(size() as u32)
}
