//! Which loops of the core are counted.
//!
//! Each sets up in `run` and works in a function of its own, `measured_*`, which must stay one symbol: never inlined,
//! and without closures that are not inlined themselves, for their names hold its name and would toggle the count off.

use std::hint::black_box;
use zeptomq::core::link::{Limits, Reader, Setup, Step, Writer};
use zeptomq::core::mechanism::{Clear, Null};
use zeptomq::core::pattern::{
    Arrival, Pattern, Pub, Pull, Push, Receives, Rep, Route, Sends, To, TopicLimits, Verbosity, Xpub,
};
use zeptomq::core::peer::{PeerId, Side};
use zeptomq::core::socket::{FixedSocket, Links, Memory};
use zeptomq::core::storage::{Fixed, Heap, Slots};
use zeptomq::core::time::Instant;
use zeptomq::core::wire::{FrameKind, PeerInfo, SocketType};

/// A loop over messages, of which callgrind counts one function.
pub(crate) struct Loop {
    /// On the command line and in the table.
    pub(crate) name: &'static str,
    /// What one message costs here.
    pub(crate) what: &'static str,
    /// The function that is counted, with whatever it calls.
    pub(crate) function: &'static str,
    /// Sets up and calls that function once, for so many messages.
    pub(crate) run: fn(u64),
}

/// Every loop, in the table's order.
pub(crate) const LOOPS: &[Loop] = &[
    Loop {
        name: "reader",
        what: "find a frame of 16 octets in a block",
        function: "measured_reader",
        run: |messages| {
            let mut block = [&[0, 16][..], &[7; 16]].concat().repeat(FRAMES_A_BLOCK);
            let limits = Limits { window: 65_536, frame_len_max: 1 << 26, message_len_max: 1 << 26 };
            let octets = measured_reader(&mut Reader::new(Clear, limits), black_box(&mut block), messages);
            assert_eq!(octets as u64, 16 * messages);
        },
    },
    Loop {
        name: "encode",
        what: "frame a body of 16 octets into a block",
        function: "measured_encode",
        run: |messages| {
            let mut block = Vec::with_capacity(18 * FRAMES_A_BLOCK);
            black_box(measured_encode(&mut Writer::new(Clear), black_box(&[7; 16]), &mut block, messages));
        },
    },
    Loop {
        name: "push",
        what: "PUSH: whom to, of two peers; and note that it was sent",
        function: "measured_push",
        run: |messages| {
            let mut push = Push::<Heap>::NEW;
            for slot in 0..2 {
                let _ = push.open(peer(slot), Side::Connect);
                let _ = push.up(peer(slot), &PeerInfo { socket_type: Some(SocketType::Pull), identity: b"" });
            }
            black_box(measured_push(black_box(&mut push), black_box(&[b"0123456789abcdef"]), messages));
        },
    },
    Loop {
        name: "rep",
        what: "REP: find the envelope, deliver, route the reply, note that it was sent",
        function: "measured_rep",
        run: |messages| {
            let mut rep = Rep::<Heap>::NEW;
            let _ = rep.open(peer(0), Side::Accept);
            let request: [&[u8]; 3] = [b"\0\0\0\x01", b"", b"0123456789abcdef"];
            let answered = measured_rep(black_box(&mut rep), black_box(&request), messages);
            assert_eq!(answered as u64, messages);
        },
    },
    Loop {
        name: "pub-all",
        what: "PUB: whom to, of eight who want everything, and each of them",
        function: "measured_pub_all",
        run: |messages| {
            let mut publisher = Pub::<Heap>::new(LIMITS);
            (0..8).for_each(|slot| subscribe(&mut publisher, slot, b"\x01"));
            let sent = measured_pub_all(black_box(&mut publisher), black_box(&[b"0123456789abcdef"]), messages);
            assert_eq!(sent as u64, 8 * messages);
        },
    },
    Loop {
        name: "pub-topics",
        what: "PUB: whom to, of one peer that wants 1,000 topics of 13 octets, each message of the next topic",
        function: "measured_pub_topics",
        run: |messages| {
            let mut publisher = Pub::<Heap>::new(LIMITS);
            let topics: Vec<String> = (0..1000).map(|number| format!("topic.{number:06}.")).collect();
            for topic in &topics {
                subscribe(&mut publisher, 0, format!("\x01{topic}").as_bytes());
            }
            let sent = measured_pub_topics(black_box(&mut publisher), black_box(&topics), messages);
            assert_eq!(sent as u64, messages);
        },
    },
    Loop {
        name: "xpub-subscription",
        what: "XPUB: hear a subscription that is to be shown, or its cancel, beside eight other topics",
        function: "measured_xpub_subscription",
        run: |messages| {
            let mut publisher = Xpub::<Heap>::new(LIMITS, Verbosity::Changes);
            (0..8).for_each(|slot| subscribe(&mut publisher, slot, &[1, b'a' + slot as u8]));
            let said: [&[u8]; 2] = [b"\x01topic", b"\x00topic"];
            let shown = measured_xpub_subscription(black_box(&mut publisher), black_box(said), messages);
            assert_eq!(shown as u64, messages);
        },
    },
    Loop {
        name: "fixed-leaves",
        what: "a fixed PUSH: queue a message of 32 octets, and hand out its frame",
        function: "measured_fixed_leaves",
        run: |messages| {
            let (mut push_memory, mut pull_memory) = (FixedMemory::NEW, FixedMemory::NEW);
            let (mut push, _, peer, _) = fixed_pair(&mut push_memory, &mut pull_memory);
            let octets = measured_fixed_leaves(&mut push, peer, black_box(&FIXED_BODY), messages);
            assert_eq!(octets as u64, 34 * messages);
        },
    },
    Loop {
        name: "fixed-arrives",
        what: "a fixed PULL: put a frame of 32 octets into the window, and take the message",
        function: "measured_fixed_arrives",
        run: |messages| {
            let (mut push_memory, mut pull_memory) = (FixedMemory::NEW, FixedMemory::NEW);
            let (_, mut pull, _, peer) = fixed_pair(&mut push_memory, &mut pull_memory);
            let frame = [&[0, 32][..], &FIXED_BODY].concat();
            let octets = measured_fixed_arrives(&mut pull, peer, black_box(&frame), messages);
            assert_eq!(octets as u64, 32 * messages);
        },
    },
];

/// A peer that is there and wants what its message says.
fn subscribe(publisher: &mut impl Pattern, slot: u16, message: &[u8]) {
    let _ = publisher.open(peer(slot), Side::Accept);
    let _ = publisher.up(peer(slot), &PeerInfo { socket_type: Some(SocketType::Sub), identity: b"" });
    let _ = publisher.arrived(peer(slot), &[message]);
}

const FRAMES_A_BLOCK: usize = 1000;
const LIMITS: TopicLimits = TopicLimits { topics: 1000, octets: 64, ..TopicLimits::NONE };

const fn peer(slot: u16) -> PeerId {
    PeerId::new(slot, 1)
}

#[inline(never)]
fn measured_reader(reader: &mut Reader<Clear>, block: &mut [u8], messages: u64) -> usize {
    let (mut at, mut octets) = (0, 0);
    for _ in 0..messages {
        let Some(rest) = block.get_mut(at..) else { break };
        match reader.next(rest) {
            Ok((Step::Frame { body, .. }, used)) => {
                octets += body.len();
                at += used;
            }
            _ => at = 0,
        }
        if at == 18 * FRAMES_A_BLOCK {
            at = 0;
        }
    }
    octets
}

#[inline(never)]
fn measured_encode(writer: &mut Writer<Clear>, body: &[u8; 16], block: &mut Vec<u8>, messages: u64) -> usize {
    let mut octets = 0;
    for _ in 0..messages {
        if block.len() == 18 * FRAMES_A_BLOCK {
            octets += block.len();
            block.clear();
        }
        let _ = writer.frame(FrameKind::Last, black_box(body), block);
    }
    octets
}

#[inline(never)]
fn measured_push(push: &mut Push<Heap>, message: &[&[u8]; 1], messages: u64) -> usize {
    let mut slots = 0;
    for _ in 0..messages {
        if let Ok(Route { to: To::One(to), .. }) = push.route(message) {
            slots += usize::from(to.slot());
            push.sent(to);
        }
    }
    slots
}

#[inline(never)]
fn measured_rep(rep: &mut Rep<Heap>, request: &[&[u8]; 3], messages: u64) -> usize {
    let mut delivered = 0;
    for _ in 0..messages {
        black_box(rep.take(peer(0), black_box(request)));
        if let Ok(Route { to: To::One(to), .. }) = rep.route(black_box(&request[2..])) {
            rep.sent(to);
            delivered += 1;
        }
    }
    delivered
}

#[inline(never)]
fn measured_pub_all(publisher: &mut Pub<Heap>, message: &[&[u8]; 1], messages: u64) -> usize {
    let mut sent = 0;
    for _ in 0..messages {
        if let Ok(Route { to: To::All(audience), .. }) = publisher.route(black_box(message)) {
            sent += audience.iter().count();
        }
    }
    sent
}

#[inline(never)]
fn measured_pub_topics(publisher: &mut Pub<Heap>, topics: &[String], messages: u64) -> usize {
    let (mut sent, mut at) = (0, 0);
    for _ in 0..messages {
        if let Some(topic) = topics.get(at)
            && let Ok(Route { to: To::All(audience), .. }) = publisher.route(&[topic.as_bytes(), b"0123456789abcdef"])
        {
            sent += audience.iter().count();
        }
        at = if at + 1 < topics.len() { at + 1 } else { 0 };
    }
    sent
}

#[inline(never)]
fn measured_xpub_subscription(publisher: &mut Xpub<Heap>, said: [&[u8]; 2], messages: u64) -> usize {
    let mut shown = 0;
    for message in 0..messages {
        let said = said[usize::from(message % 2 == 1)];
        shown += usize::from(publisher.arrived(peer(0), black_box(&[said])) == Arrival::Queue);
    }
    shown
}

type FixedMemory = Memory<Null, 1, 128, 128>;
type FixedPush<'m> = FixedSocket<'m, Push<Fixed<1>>, Null>;
type FixedPull<'m> = FixedSocket<'m, Pull, Null>;

const FIXED_BODY: [u8; 32] = *b"thirty-two octets of a message..";
const NOW: Instant = Instant::from_ms(0);

/// Two fixed sockets that are up, and what each calls the other.
fn fixed_pair<'m>(
    push_memory: &'m mut FixedMemory,
    pull_memory: &'m mut FixedMemory,
) -> (FixedPush<'m>, FixedPull<'m>, PeerId, PeerId) {
    let mut push = FixedSocket::new(Push::NEW, Null::NEW, push_memory, &Setup::DEFAULT);
    let mut pull = FixedSocket::new(Pull, Null::NEW, pull_memory, &Setup::DEFAULT);
    let (Ok(to), Ok(from)) = (push.links().connect(), pull.links().accept(NOW)) else {
        return (push, pull, NOBODY, NOBODY);
    };
    push.links().attach(to, NOW);
    for _ in 0..4 {
        shuttle(&mut push.links(), to, &mut pull.links(), from);
        shuttle(&mut pull.links(), from, &mut push.links(), to);
    }
    (push, pull, to, from)
}

/// Moves what one has to say to the other.
fn shuttle(one: &mut Links<'_, Null>, to: PeerId, other: &mut Links<'_, Null>, from: PeerId) {
    let pending = one.pending(to, &mut |_| (), NOW);
    let len = pending.len();
    for (place, octet) in other.receive_window(from, NOW).iter_mut().zip(pending) {
        *place = *octet;
    }
    other.commit(from, len, NOW);
    one.advance(to, len, NOW);
}

const NOBODY: PeerId = PeerId::new(u16::MAX, 0);

#[inline(never)]
fn measured_fixed_leaves(push: &mut FixedPush<'_>, to: PeerId, body: &[u8], messages: u64) -> usize {
    let mut octets = 0;
    for _ in 0..messages {
        let _ = push.try_send(&[body], NOW);
        let mut links = push.links();
        loop {
            let len = black_box(links.pending(to, &mut nothing, NOW)).len();
            if len == 0 {
                break;
            }
            links.advance(to, len, NOW);
            octets += len;
        }
    }
    octets
}

#[inline(never)]
fn measured_fixed_arrives(pull: &mut FixedPull<'_>, from: PeerId, frame: &[u8], messages: u64) -> usize {
    let mut octets = 0;
    for _ in 0..messages {
        let mut links = pull.links();
        if let Some(window) = links.receive_window(from, NOW).get_mut(..frame.len()) {
            window.copy_from_slice(frame);
        }
        links.commit(from, frame.len(), NOW);
        while let Ok(Some(message)) = pull.try_recv(NOW) {
            octets += black_box(message.first()).len();
        }
    }
    octets
}

fn nothing(_: &mut [u8]) {}
