//! How does a fixed socket keep its connections: whom does it let in, when does it come again, and whom does it leave?
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here is a test")]

use zeptomq_core::io::{Connections, State, Transport};
use zeptomq_core::link::Setup;
use zeptomq_core::mechanism::Null;
use zeptomq_core::pattern::{Pub, Pull};
use zeptomq_core::peer::PeerId;
use zeptomq_core::socket::{FixedSocket, Memory, SendError};
use zeptomq_core::storage::Fixed;
use zeptomq_core::time::Instant;
use zeptomq_tests::executor::{Config, Kind};
use zeptomq_tests::machine::{PEERS, machine};
use zeptomq_tests::pipe::{End, pipe};
use zeptomq_tests::wire::{error, greeting, message, opening, subscribe};
use zeptomq_tests::world::World;

fn world(kind: Kind) -> World {
    World::new(machine(kind, Config { handshake_ms: 2000, ..Config::default() }, Null::NEW))
}

/// Somebody connects and says this.
fn comes(world: &mut World, says: &[u8]) -> (Option<PeerId>, End) {
    let (ours, mut theirs) = pipe(512);
    theirs.put(says);
    (world.accept(ours), theirs)
}

/// The connection that the socket opens next, and when it wants it.
fn dialled(world: &mut World, peer: PeerId) -> (u32, End) {
    let before = world.elapsed_ms;
    assert!(world.wait(60_000, |world| world.awaits(peer)), "the socket does not come");
    let (ours, theirs) = pipe(512);
    let waited = world.elapsed_ms - before;
    world.attach(peer, ours);
    (waited, theirs)
}

#[test]
fn who_sits_there_in_silence_locks_nobody_out() {
    let mut pull = world(Kind::Pull);
    let strangers: Vec<End> = (0..PEERS).map(|_| comes(&mut pull, b"").1).collect();
    pull.wait(100, |_| false);
    for _ in 0..2 * PEERS {
        let (peer, mut good) = comes(&mut pull, &opening("PUSH", b""));
        assert!(pull.machine.is_up(peer.unwrap()));
        good.put(&message(&[b"in"]));
        pull.pump();
        let now = pull.now();
        assert_eq!(pull.machine.try_recv(now).unwrap().unwrap(), [b"in"]);
        drop(good);
        pull.pump();
    }
    // One place was enough for all of them, and it was that of who came first.
    let closed: Vec<bool> = strangers.iter().map(End::is_closed).collect();
    assert!(closed[0] && closed[1..].iter().all(|closed| !closed), "{closed:?}");
    pull.wait(2000, |_| false);
    assert!(strangers.iter().all(End::is_closed));
}

#[test]
fn who_has_said_nothing_makes_way_for_who_has() {
    let mut pull = world(Kind::Pull);
    let mut greeted: Vec<End> = (1..PEERS).map(|_| comes(&mut pull, &greeting()).1).collect();
    pull.wait(100, |_| false);
    for _ in 0..20 {
        let (_, silent) = comes(&mut pull, b"");
        assert!(!silent.is_closed() && !greeted.iter().any(End::is_closed));
        pull.wait(1, |_| false);
    }
    // Among those who have, who came first.
    let mut another = comes(&mut pull, &greeting()).1;
    assert!(!greeted.iter().any(End::is_closed));
    let (_, newcomer) = comes(&mut pull, b"");
    assert!(greeted[0].is_closed() && !greeted[1].is_closed() && !newcomer.is_closed());
    for good in [&mut another, &mut greeted[1]] {
        good.put(&opening("PUSH", b"")[64..]);
        good.put(&message(&[b"in"]));
        pull.pump();
        let now = pull.now();
        assert_eq!(pull.machine.try_recv(now).unwrap().unwrap(), [b"in"]);
    }
}

#[test]
fn peers_that_are_up_keep_their_places_whoever_else_comes() {
    let mut pull = world(Kind::Pull);
    let peers: Vec<(Option<PeerId>, End)> = (0..PEERS).map(|_| comes(&mut pull, &opening("PUSH", b""))).collect();
    for _ in 0..3 {
        let (another, end) = comes(&mut pull, &opening("PUSH", b""));
        assert!(another.is_none() && end.is_closed());
    }
    for (peer, end) in &peers {
        assert!(pull.machine.is_up(peer.unwrap()) && !end.is_closed());
    }
}

#[test]
fn a_lost_peer_is_connected_to_again_after_a_growing_delay() {
    let mut push = world(Kind::Push);
    let peer = push.machine.connect().unwrap();
    let (waited, mut first) = dialled(&mut push, peer);
    assert_eq!(waited, 0);
    first.put(&opening("PULL", b""));
    push.pump();
    assert!(push.machine.is_up(peer));
    drop(first);
    push.pump();
    // Nobody answers: each delay is between half and the whole of twice the one before, up to ten seconds.
    for step in [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000] {
        let (waited, end) = dialled(&mut push, peer);
        assert!((step / 2..=step).contains(&waited), "{waited} ms for {step}");
        drop(end);
        push.pump();
    }
    // Who answered once is come to at once again.
    let (_, mut end) = dialled(&mut push, peer);
    end.put(&opening("PULL", b""));
    push.pump();
    drop(end);
    push.pump();
    assert!((50..=100).contains(&dialled(&mut push, peer).0));
}

#[test]
fn the_call_that_loses_a_peer_says_when_to_come_again() {
    let mut push = world(Kind::Push);
    let peer = push.machine.connect().unwrap();
    let (_, mut end) = dialled(&mut push, peer);
    end.put(&opening("PULL", b""));
    push.pump();
    drop(end);
    let again = push.poll().expect("a moment").ms_from(push.now());
    assert!((50..=100).contains(&again), "{again} ms");
}

#[test]
fn what_waits_for_a_lost_peer_leaves_on_the_next_connection() {
    let mut push = world(Kind::Push);
    let peer = push.machine.connect().unwrap();
    let now = push.now();
    push.machine.try_send(&[b"kept"], now).unwrap();
    for _ in 0..3 {
        let (_, end) = dialled(&mut push, peer);
        drop(end);
        push.pump();
    }
    let (_, mut end) = dialled(&mut push, peer);
    let ours = opening("PUSH", b"");
    end.put(&opening("PULL", b""));
    push.pump();
    assert_eq!(end.take(end.unread()), [ours, message(&[b"kept"])].concat());
}

#[test]
fn whom_an_error_sent_away_is_gone_and_may_be_connected_to_anew() {
    let mut push = world(Kind::Push);
    let peer = push.machine.connect().unwrap();
    let now = push.now();
    push.machine.try_send(&[b"for nobody"], now).unwrap();
    let (_, mut end) = dialled(&mut push, peer);
    end.put(&[&greeting()[..], &error("go")].concat());
    push.pump();
    assert!(push.failed().iter().any(|(failed, failure)| *failed == peer && failure.is_final()));
    assert!(!push.wait(60_000, |world| world.awaits(peer)));
    assert_eq!(push.machine.drops().undelivered, 1);
    let anew = push.machine.connect().unwrap();
    assert_ne!(anew, peer);
    assert_eq!(dialled(&mut push, anew).0, 0);
}

/// Streams of which no more is known than how many there are, and how far they are.
struct Counted {
    open: usize,
    state: State,
    end: End,
}

impl Transport for Counted {
    type Handle = ();
    type Stream<'a> = &'a mut End;

    fn accept(&mut self, _: Instant) -> Option<()> {
        None
    }

    fn open(&mut self, _: PeerId, _: Instant) -> Option<()> {
        self.open += 1;
        Some(())
    }

    fn state(&mut self, (): &()) -> State {
        self.state
    }

    fn stream<'a>(&'a mut self, (): &'a mut ()) -> &'a mut End {
        &mut self.end
    }

    fn close(&mut self, (): (), _: Instant) {
        self.open -= 1;
    }

    fn abort(&mut self, (): (), _: Instant) {
        self.open -= 1;
    }
}

#[test]
fn the_connection_of_a_peer_that_is_disconnected_is_closed() {
    let now = Instant::from_ms(0);
    // While it is opened, when it is open, and when somebody else has its place.
    for (state, comes_back) in [(State::Opening, false), (State::Open, false), (State::Open, true)] {
        let mut memory = Memory::<Null, 1, 256, 64>::NEW;
        let mut pull = FixedSocket::new(Pull, Null::NEW, &mut memory, &Setup::DEFAULT);
        let (end, _theirs) = pipe(512);
        let mut transport = Counted { open: 0, state, end };
        let mut connections = Connections::<(), 2>::NEW;
        let peer = pull.links().connect().unwrap();
        connections.poll(&mut pull.links(), &mut transport, &mut |_| (), now);
        pull.links().disconnect(peer);
        if comes_back {
            pull.links().connect().unwrap();
        }
        transport.state = State::Open;
        connections.poll(&mut pull.links(), &mut transport, &mut |_| (), now);
        let kept: Vec<PeerId> = connections.iter().map(|(peer, ())| peer).collect();
        assert_eq!((kept.contains(&peer), transport.open), (false, usize::from(comes_back)));
    }
}

/// Otherwise its heartbeat would be due for ever, and never leave.
#[test]
fn a_stream_that_was_open_and_is_being_opened_is_lost() {
    let now = Instant::from_ms(0);
    let mut memory = Memory::<Null, 1, 256, 64>::NEW;
    let mut pull = FixedSocket::new(Pull, Null::NEW, &mut memory, &Setup::DEFAULT);
    let (end, mut theirs) = pipe(512);
    let mut transport = Counted { open: 0, state: State::Open, end };
    let mut connections = Connections::<(), 1>::NEW;
    let peer = pull.links().connect().unwrap();
    theirs.put(&opening("PUSH", b""));
    connections.poll(&mut pull.links(), &mut transport, &mut |_| (), now);
    connections.poll(&mut pull.links(), &mut transport, &mut |_| (), now);
    assert!(pull.links().is_up(peer));
    transport.state = State::Opening;
    connections.poll(&mut pull.links(), &mut transport, &mut |_| (), now);
    assert_eq!((pull.links().is_up(peer), transport.open), (false, 0));
}

#[test]
fn a_poll_that_leaves_octets_unread_is_to_be_called_again_at_once() {
    let now = Instant::from_ms(0);
    let mut memory = Memory::<Null, 1, 64, 64>::NEW;
    let mut publisher = FixedSocket::new(Pub::<Fixed<1>>::NEW, Null::NEW, &mut memory, &Setup::DEFAULT);
    let (end, mut theirs) = pipe(512);
    let mut transport = Counted { open: 0, state: State::Open, end };
    let mut connections = Connections::<(), 1>::NEW;
    publisher.links().connect().unwrap();
    theirs.put(&[opening("SUB", b""), subscribe(b"topic").repeat(1000)].concat());
    for polls in 0.. {
        let next = connections.poll(&mut publisher.links(), &mut transport, &mut |_| (), now);
        let unread = transport.end.unread();
        assert_eq!(next == Some(now), unread > 0, "{unread} octets are left behind {polls} polls");
        if unread == 0 {
            assert!(polls > 3, "it was all read at once");
            return;
        }
    }
}

/// What the user does not take is no reason to come again.
#[test]
fn a_poll_that_has_no_room_to_read_into_may_sleep() {
    let now = Instant::from_ms(0);
    let mut memory = Memory::<Null, 1, 64, 64>::NEW;
    let mut pull = FixedSocket::new(Pull, Null::NEW, &mut memory, &Setup::DEFAULT);
    let (end, mut theirs) = pipe(512);
    let mut transport = Counted { open: 0, state: State::Open, end };
    let mut connections = Connections::<(), 1>::NEW;
    pull.links().connect().unwrap();
    theirs.put(&[opening("PUSH", b""), message(&[&[1; 30]]).repeat(9)].concat());
    let mut next = Some(now);
    for _ in 0..3 {
        next = connections.poll(&mut pull.links(), &mut transport, &mut |_| (), now);
    }
    assert!(transport.end.unread() > 0 && next.is_some_and(|next| !next.has_come(now)));
}

/// A worker that sends each answer before it takes the next task.
#[test]
fn what_a_lost_peer_sent_keeps_it_from_coming_back_only_so_long_as_it_may_be_taken() {
    for takes in [true, false] {
        let mut worker = world(Kind::Dealer);
        let peer = worker.machine.connect().unwrap();
        let (_, mut end) = dialled(&mut worker, peer);
        end.put(&[opening("DEALER", b""), message(&[b"one"]), message(&[b"two"]), message(&[b"three"])].concat());
        worker.pump();
        let now = worker.now();
        assert_eq!(worker.machine.try_recv(now).unwrap().unwrap(), [b"one"]);
        worker.machine.try_send(&[&[1; 800]], now).unwrap();
        worker.pump();
        drop(end);
        worker.pump();
        assert_eq!(worker.machine.try_send(&[&[2; 800]], now), Err(SendError::WouldBlock));
        assert!(!worker.wait(1900, |world| world.awaits(peer)));
        for task in [&b"two"[..], b"three"].into_iter().filter(|_| takes) {
            let now = worker.now();
            assert_eq!(worker.machine.try_recv(now).unwrap().unwrap(), [task]);
            assert_eq!(worker.machine.try_send(&[&[2; 800]], now), Err(SendError::WouldBlock));
            worker.wait(300, |_| false);
        }
        assert!(worker.wait(300, |world| world.awaits(peer)));
        assert_eq!(worker.machine.drops().undelivered, if takes { 0 } else { 2 });
        let (_, mut end) = dialled(&mut worker, peer);
        end.put(&opening("DEALER", b""));
        worker.pump();
        let ours = opening("DEALER", b"").len();
        assert_eq!(end.take(end.unread())[ours..ours + 9], message(&[&[1; 800]])[..9]);
    }
}

/// Nothing but a message that found no room makes what arrived from lost peers go.
#[test]
fn what_lost_peers_sent_is_kept_for_who_has_nothing_to_send() {
    let mut dealer = world(Kind::Dealer);
    let (_, mut end) = comes(&mut dealer, &opening("DEALER", b""));
    end.put(&message(&[b"kept"]));
    dealer.pump();
    drop(end);
    assert!(!dealer.wait(60_000, |world| world.machine.drops().undelivered > 0));
    let now = dealer.now();
    assert_eq!(dealer.machine.try_recv(now).unwrap().unwrap(), [b"kept"]);
}

#[test]
fn replies_that_nobody_takes_do_not_lock_a_bound_req() {
    let config = Config { two_peers: true, handshake_ms: 2000, ..Config::default() };
    let mut req = World::new(machine(Kind::Req, config, Null::NEW));
    for number in [[0xff, 0xff, 0xff, 0xfe], [0xff; 4]] {
        let (_, mut end) = comes(&mut req, &opening("REP", b""));
        let now = req.now();
        req.machine.try_send(&[b"ask"], now).unwrap();
        end.put(&message(&[&number, b"", b"late"]));
        req.pump();
        drop(end);
        req.pump();
    }
    assert!(comes(&mut req, &opening("REP", b"")).1.is_closed());
    let now = req.now();
    assert_eq!(req.machine.try_send(&[b"ask"], now), Err(SendError::WouldBlock));
    req.wait(2000, |_| false);
    let (peer, _end) = comes(&mut req, &opening("REP", b""));
    assert!(req.machine.is_up(peer.unwrap()));
    let now = req.now();
    assert_eq!(req.machine.try_send(&[b"ask"], now), Ok(()));
    assert_eq!(req.machine.drops().undelivered, 2);
}

/// Its envelope is what the reply goes behind.
#[test]
fn a_request_that_is_being_answered_makes_no_way() {
    let mut rep = world(Kind::Rep);
    let peer = rep.machine.connect().unwrap();
    let (_, mut end) = dialled(&mut rep, peer);
    let request = |name: &[u8]| message(&[name, b"", b"?"]);
    end.put(&[opening("DEALER", b""), request(b"one"), request(b"two"), request(b"three")].concat());
    rep.pump();
    let now = rep.now();
    assert_eq!(rep.machine.try_recv(now).unwrap().unwrap(), [b"?"]);
    rep.machine.try_send(&[&[1; 800]], now).unwrap();
    assert_eq!(rep.machine.try_recv(now).unwrap().unwrap(), [b"?"]);
    drop(end);
    rep.pump();
    assert_eq!(rep.machine.try_send(&[&[2; 800]], now), Err(SendError::Full));
    rep.wait(5000, |_| false);
    assert_eq!(rep.machine.drops().undelivered, 0);
}
