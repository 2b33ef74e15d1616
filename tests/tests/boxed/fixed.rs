//! Between two sockets in fixed memory.

use super::{CLIENT, SECRET, SERVER};
use zeptomq_core::mechanism::Mechanism;
use zeptomq_tests::boxed::TestBox;
use zeptomq_tests::executor::{Config, Kind};
use zeptomq_tests::machine::{BEAT_MS, machine};
use zeptomq_tests::pair::Pair;
use zeptomq_tests::world::World;

fn pair(one: Kind, other: Kind) -> Pair {
    let config = Config { identity: b"it", heartbeat: true, ..Config::default() };
    pair_of(one, other, config, CLIENT, SERVER)
}

fn pair_of<M: Mechanism + Clone + 'static>(one: Kind, other: Kind, config: Config, client: M, server: M) -> Pair {
    Pair::new(machine(one, config, client), machine(other, config, server))
}

#[track_caller]
fn send(world: &mut World, parts: &[&[u8]]) {
    let now = world.now();
    world.machine.try_send(parts, now).unwrap();
}

/// The next message of one side is this one. Looking for it lets go of the former, so that more can arrive: hence twice.
#[track_caller]
fn expect(pair: &mut Pair, side: fn(&mut Pair) -> &mut World, parts: &[&[u8]]) {
    let mut look = || {
        pair.pump();
        let world = side(pair);
        world.machine.try_recv(world.now()).unwrap()
    };
    let message = look().or_else(look);
    assert_eq!(message.as_deref().unwrap_or_default(), parts, "{:?} {:?}", pair.one.failed(), pair.other.failed());
}

fn one(pair: &mut Pair) -> &mut World {
    &mut pair.one
}

fn other(pair: &mut Pair) -> &mut World {
    &mut pair.other
}

#[test]
fn messages_pass_whole_in_order_and_unseen() {
    let mut pair = pair(Kind::Dealer, Kind::Router);
    pair.connect();
    let long = [b'x'; 700];
    for parts in [&[&b"plain"[..]][..], &[b""], &[b"A", b"", b"plain"], &[&long], &[&[b'y'; 250], &[b'z'; 256]]] {
        send(&mut pair.one, parts);
        expect(&mut pair, other, &[&[&b"it"[..]], parts].concat());
        send(&mut pair.other, &[&[&b"it"[..]], parts].concat());
        expect(&mut pair, one, parts);
    }
    for body in 0..5u8 {
        send(&mut pair.one, &[b"several", &[body]]);
    }
    for body in 0..5u8 {
        expect(&mut pair, other, &[b"it", b"several", &[body]]);
    }
    let seen = |text: &[u8]| pair.heard.windows(text.len()).any(|octets| octets == text);
    assert!(seen(b"TESTBOX") && seen(b"WELCOME") && seen(b"MESSAGE"));
    assert!(!seen(b"plain") && !seen(b"several") && !seen(b"xxxx") && !seen(b"Socket-Type"));
}

#[test]
fn requests_and_replies_pass() {
    let mut pair = pair(Kind::Req, Kind::Rep);
    pair.connect();
    for round in 0..3u8 {
        send(&mut pair.one, &[b"ask", &[round]]);
        expect(&mut pair, other, &[b"ask", &[round]]);
        send(&mut pair.other, &[b"reply", b"", &[round]]);
        expect(&mut pair, one, &[b"reply", b"", &[round]]);
    }
}

#[test]
fn subscriptions_pass_and_are_shown() {
    let config = Config { topics_max: 2, ..Config::default() };
    let mut pair = pair_of(Kind::Xsub, Kind::Xpub, config, CLIENT, SERVER);
    pair.connect();
    let steps =
        [(&b"\x01topic"[..], &b"\x01topic"[..]), (b"\0topic", b"\0topic"), (b"\x01", b"\x01"), (b"\x01a", b"\x01a")];
    for (said, shown) in steps {
        send(&mut pair.one, &[said]);
        expect(&mut pair, other, &[shown]);
    }
    send(&mut pair.other, &[b"topic", b"body"]);
    expect(&mut pair, one, &[b"topic", b"body"]);
    send(&mut pair.one, &[b"\0"]);
    expect(&mut pair, other, &[b"\0"]);
    // There is room for two.
    send(&mut pair.one, &[b"\x01b"]);
    expect(&mut pair, other, &[b"\x01b"]);
    send(&mut pair.one, &[b"\x01one too many"]);
    expect(&mut pair, other, &[b"\x01"]);
    assert!(!pair.heard.windows(5).any(|octets| octets == b"topic"));
}

#[test]
fn heartbeats_pass_sealed_and_keep_the_link() {
    let mut pair = pair(Kind::Push, Kind::Pull);
    pair.connect();
    let before = pair.heard.len();
    pair.pass(20 * BEAT_MS);
    assert!(pair.is_connected(), "{:?} {:?}", pair.one.failed(), pair.other.failed());
    // Both send PING and PONG each beat: the shortest is 2 + 33 + 5 octets long.
    assert!(pair.heard.len() - before >= 20 * 4 * 40);
    assert!(!pair.heard.windows(4).any(|octets| octets == b"PING" || octets == b"PONG"));
    send(&mut pair.one, &[b"hi"]);
    expect(&mut pair, other, &[b"hi"]);
}

#[test]
fn a_heartbeat_passes_between_two_parts() {
    let mut pair = pair(Kind::Push, Kind::Pull);
    pair.connect();
    send(&mut pair.one, &[&[b'A'; 300], &[b'B'; 300], b"C"]);
    // The pipe takes a part of the first part; then it is time for a PING, and then the rest goes.
    pair.one.pump();
    pair.one.elapsed_ms += BEAT_MS;
    pair.other.elapsed_ms += BEAT_MS;
    expect(&mut pair, other, &[&[b'A'; 300], &[b'B'; 300], b"C"]);
    assert!(pair.is_connected(), "{:?} {:?}", pair.one.failed(), pair.other.failed());
}

#[test]
fn a_conversation_goes_on_over_the_next_connection() {
    let mut pair = pair(Kind::Push, Kind::Pull);
    send(&mut pair.one, &[b"early", b"bird"]);
    pair.connect();
    expect(&mut pair, other, &[b"early", b"bird"]);
    for round in 0..3u8 {
        pair.cut();
        send(&mut pair.one, &[b"gap", &[round]]);
        pair.connect();
        expect(&mut pair, other, &[b"gap", &[round]]);
        send(&mut pair.one, &[b"on", &[round]]);
        expect(&mut pair, other, &[b"on", &[round]]);
    }
    assert_eq!((pair.one.machine.drops().undelivered, pair.other.machine.drops().undelivered), (0, 0));
}

/// What was sealed for a connection cannot be sent on another: it is dropped and counted, and what follows is not.
#[test]
fn a_half_written_message_is_counted_and_the_next_one_delivered() {
    for parts in [&[&[b'x'; 600][..]][..], &[&[b'x'; 10], &[b'y'; 500], b"z"]] {
        let mut pair = pair(Kind::Push, Kind::Pull);
        pair.connect();
        send(&mut pair.one, parts);
        send(&mut pair.one, &[b"next", b"one"]);
        // The pipe takes a part of it.
        pair.one.pump();
        pair.cut();
        assert_eq!(pair.one.machine.drops().undelivered, 1);
        pair.connect();
        expect(&mut pair, other, &[b"next", b"one"]);
        assert_eq!(pair.one.machine.try_send(&[&[b'w'; 600]], pair.one.now()), Ok(()));
        expect(&mut pair, other, &[&[b'w'; 600]]);
    }
}

#[test]
fn an_octet_that_was_changed_closes_the_connection_and_shows_nothing() {
    for at in 0..2 + 17 + 4 + 16 {
        let mut pair = pair(Kind::Push, Kind::Pull);
        pair.connect();
        send(&mut pair.one, &[b"text"]);
        let mut passed = 0;
        pair.pump_with(|mut octets| {
            if (passed..passed + octets.len()).contains(&at) {
                octets[at - passed] ^= 1;
            }
            passed += octets.len();
            octets
        });
        // A length that grew waits for more.
        let waits = at == 1 && pair.is_connected();
        assert!(waits || pair.other.failed().len() == 1, "{at}: {:?}", pair.other.failed());
        assert_eq!(pair.other.machine.try_recv(pair.other.now()), Ok(None), "{at}");
    }
}

#[test]
fn frames_that_were_dropped_doubled_or_swapped_are_noticed() {
    let frame = 2 + 17 + 1 + 16;
    for (name, order) in [("dropped", &[0, 2][..]), ("doubled", &[0, 1, 1]), ("swapped", &[0, 2, 1])] {
        let mut pair = pair(Kind::Push, Kind::Pull);
        pair.connect();
        for body in [b"a", b"b", b"c"] {
            send(&mut pair.one, &[body]);
        }
        pair.pump_with(|octets| match octets.len() == 3 * frame {
            true => order.iter().flat_map(|&at| octets[at * frame..][..frame].to_vec()).collect(),
            false => octets,
        });
        let mut shown = Vec::new();
        while let Some(message) = pair.other.machine.try_recv(pair.other.now()).unwrap() {
            shown.extend(message.concat());
            pair.other.pump();
        }
        assert!(b"ab".starts_with(&shown), "{name}: {shown:?}");
        pair.pump();
        assert_eq!(pair.other.failed().len(), 1, "{name}");
    }
}

#[test]
fn another_secret_and_two_of_one_role_are_no_peers() {
    let config = Config { handshake_ms: 500, ..Config::default() };
    for (client, server) in [(CLIENT, TestBox::server(SECRET + 1)), (CLIENT, CLIENT), (SERVER, SERVER)] {
        let mut pair = pair_of(Kind::Push, Kind::Pull, config, client, server);
        send(&mut pair.one, &[b"secret"]);
        pair.attach();
        assert!(!pair.is_up());
        pair.pass(1000);
        assert!(pair.one.failed().len() + pair.other.failed().len() >= 1);
        assert!(!pair.is_connected());
    }
}
