//! Are many messages that are handed over at once those that would be one by one?
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here is a test")]

mod support;

use futures_util::StreamExt;
use std::time::Duration;
use support::{peer, soon};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use zeptomq::core::pattern::{Receives, Sends};
use zeptomq::{
    Dealer, Drops, Limit, Message, NotSent, Options, Policy, Pub, Pull, Push, RecvError, Rep, Router, Socket,
};

const LOOPBACK: &str = "tcp://127.0.0.1:0";

/// Messages of one to three parts, of lengths on both sides of what is kept by handle, the same in each run (xorshift).
fn messages(count: usize) -> Vec<Message> {
    let mut state = 0x9e37_79b9_u64;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) % below
    };
    let lens = [0, 1, 31, 32, 255, 256, 5000, 9000];
    let mut part = move || vec![random(256) as u8; lens[random(8) as usize]];
    (0..count).map(|at| Message::multipart((0..=at % 3).map(|_| part()))).collect()
}

/// What two peers hear of a socket that sends these messages in batches of the given lengths; 0 sends one alone.
async fn heard<P: Sends + Send>(socket: Socket<P>, theirs: &str, all: &[Message], batches: &[usize]) -> Vec<Vec<u8>> {
    let endpoint = socket.bind(LOOPBACK).await.unwrap();
    let mut wires: Vec<TcpStream> = Vec::new();
    for _ in 0..2 {
        let mut wire = peer(&endpoint, theirs).await;
        if theirs == "SUB" {
            wire.write_all(b"\0\x01\x01").await.unwrap();
        }
        soon("the peer", socket.wait_for_peers(wires.len() + 1)).await;
        wires.push(wire);
    }
    if theirs == "SUB" {
        // A subscription has no answer: what tells that it was heard is the first message that comes.
        let mut first = [0; 4];
        for wire in &mut wires {
            while tokio::time::timeout(Duration::from_millis(20), wire.read_exact(&mut first)).await.is_err() {
                socket.send("go").await.unwrap();
            }
        }
        socket.send("on").await.unwrap();
    }
    let mut rest = all;
    for &len in batches.iter().cycle() {
        let (some, others) = rest.split_at(len.max(1).min(rest.len()));
        match len {
            0 => some.iter().for_each(|message| assert!(socket.try_send(message.clone()).is_ok())),
            _ => assert_eq!(socket.send_many(some.iter().cloned()), Ok(some.len())),
        }
        rest = others;
        if rest.is_empty() {
            break;
        }
    }
    let closing = tokio::spawn(socket.close());
    let mut heard = Vec::new();
    for mut wire in wires {
        let mut octets = Vec::new();
        soon("the end", wire.read_to_end(&mut octets)).await.unwrap();
        let begun = octets.windows(4).rposition(|octets| octets == b"\0\x02on").map_or(0, |at| at + 4);
        heard.push(octets.split_off(begun));
    }
    soon("closing", closing).await.unwrap().unwrap();
    heard
}

#[tokio::test]
async fn what_many_peers_hear_is_the_same_however_it_is_handed_over() {
    let all = messages(700);
    let alone = heard(Push::new(), "PULL", &all, &[0]).await;
    let length: usize = all.iter().flat_map(Message::parts).map(<[u8]>::len).sum();
    assert!(alone.iter().all(|heard| heard.len() > length / 4));
    assert!(heard(Push::new(), "PULL", &all, &[1, 63, 0, 64, 65, 7, 300]).await == alone);
    // As many as a queue holds.
    let few = &all[..300];
    let alone = heard(Pub::new(), "SUB", few, &[0]).await;
    assert!(alone[0].len() > length / 4 && alone[0] == alone[1]);
    assert!(heard(Pub::new(), "SUB", few, &[1, 63, 0, 64, 65, 7, 300]).await == alone);
}

/// To each the first is written by the caller.
#[tokio::test]
async fn what_many_quiet_peers_are_sent_at_once_leaves_for_each() {
    let push = Push::new();
    let endpoint = push.bind(LOOPBACK).await.unwrap();
    let mut wires = Vec::new();
    for _ in 0..5 {
        wires.push(peer(&endpoint, "PULL").await);
    }
    soon("the peers", push.wait_for_peers(wires.len())).await;
    assert_eq!(push.send_many(["one", "two", "thr", "fou", "fiv"]), Ok(wires.len()));
    for wire in &mut wires {
        let mut said = [0; 5];
        soon("a message", wire.read_exact(&mut said)).await.unwrap();
        assert!(said.starts_with(b"\0\x03"));
    }
}

#[tokio::test]
async fn the_first_that_finds_no_room_comes_back_and_nothing_is_lost() {
    let limit = Limit { messages: 100, octets: 1 << 20 };
    let push = Push::with(Options::new().send_limit(limit).linger(Duration::ZERO)).unwrap();
    push.connect("tcp://127.0.0.1:1").unwrap();
    let mut numbers = 0..1000_u32;
    let error = push.send_many(numbers.by_ref().map(|number| number.to_string())).unwrap_err();
    assert_eq!((error.sent, error.reason), (100, NotSent::Full));
    assert!(error.unsent.len() <= 64);
    for (message, number) in error.unsent.iter().zip(100..) {
        assert_eq!(&message[0], number.to_string().as_bytes());
    }
    assert_eq!(numbers.next(), Some(100 + error.unsent.len() as u32));
    let error = push.send_many(["more"]).unwrap_err();
    assert_eq!((error.sent, error.unsent.len()), (0, 1));
}

/// They may be made as they are asked for, and several that wait would be much memory.
#[tokio::test]
async fn long_messages_are_asked_for_one_by_one() {
    let limit = Limit { messages: 100, octets: 2 << 20 };
    let push = Push::with(Options::new().send_limit(limit).linger(Duration::ZERO)).unwrap();
    push.connect("tcp://127.0.0.1:1").unwrap();
    let mut made = 0;
    let messages = std::iter::repeat_with(|| {
        made += 1;
        vec![7; 1 << 20]
    });
    let error = push.send_many(messages).unwrap_err();
    assert_eq!((error.sent, error.reason, error.unsent.len()), (2, NotSent::Full, 1));
    assert_eq!(made, 3);
}

#[tokio::test]
async fn each_refusal_names_its_message() {
    let push = Push::new();
    push.connect("tcp://127.0.0.1:1").unwrap();
    let error =
        push.send_many([Message::from("good"), Message::multipart([""; 0]), Message::from("behind")]).unwrap_err();
    assert_eq!((error.sent, error.reason, error.unsent.len()), (1, NotSent::Empty, 2));
    let router = Router::new();
    let error = router.send_many([["nobody", "hello"]]).unwrap_err();
    assert!(matches!(error.reason, NotSent::Route(_)));
    assert_eq!((error.sent, &error.unsent[0][1]), (0, &b"hello"[..]));
    let options = Options::new().send_limit(Limit { messages: 2, octets: 1000 }).overload(Policy::DropNewest);
    let dropping = Push::with(options.linger(Duration::ZERO)).unwrap();
    dropping.connect("tcp://127.0.0.1:1").unwrap();
    assert_eq!(dropping.send_many(["a", "b", "c"]), Ok(3));
    assert_eq!(dropping.drops(), Drops { queue_full: 1, ..Drops::NONE });
}

/// Fills the queues of two peers and takes what arrived in batches; 0 takes one alone.
async fn taken<P: Receives + Send>(mut socket: Socket<P>, theirs: &str, count: u16, batches: &[usize]) -> Vec<Message> {
    let endpoint = socket.bind(LOOPBACK).await.unwrap();
    let mut wires = Vec::new();
    for name in [b'a', b'b'] {
        let mut wire = peer(&endpoint, theirs).await;
        let octets: Vec<u8> = (0..count).flat_map(|number| [0, 3, name, (number >> 8) as u8, number as u8]).collect();
        wire.write_all(&octets).await.unwrap();
        wires.push(wire);
        while socket.peers().iter().map(|peer| peer.unreceived.messages).sum::<usize>()
            < usize::from(count) * wires.len()
        {
            tokio::task::yield_now().await;
        }
    }
    let mut taken = Vec::new();
    for &most in batches.iter().cycle() {
        match most {
            0 => taken.push(soon("a message", socket.recv()).await.unwrap()),
            _ => {
                let before = taken.len();
                let count = soon("messages", socket.recv_many(&mut taken, most)).await.unwrap();
                assert!(taken.len() == before + count && (1..=most).contains(&count));
            }
        }
        if taken.len() == 2 * usize::from(count) {
            return taken;
        }
    }
    unreachable!("batches are cycled")
}

#[tokio::test]
async fn what_is_taken_is_the_same_however_many_are_taken_at_once() {
    let alone = taken(Pull::new(), "PUSH", 100, &[0]).await;
    assert_eq!(taken(Pull::new(), "PUSH", 100, &[1, 7, 0, 64, 1000]).await, alone);
    let alone = taken(Dealer::new(), "DEALER", 100, &[0]).await;
    assert_eq!(taken(Dealer::new(), "DEALER", 100, &[1, 7, 0, 64, 1000]).await, alone);
}

#[tokio::test]
async fn in_a_flood_a_turn_is_sixteen_messages_however_many_are_taken_at_once() {
    for batches in [&[0][..], &[1, 7, 0, 64, 1000], &[40]] {
        for taken in
            [taken(Pull::new(), "PUSH", 300, batches).await, taken(Dealer::new(), "DEALER", 300, batches).await]
        {
            let mut next = [0_u16; 2];
            for (at, message) in taken.iter().enumerate() {
                let peer = usize::from(message[0][0] == b'b');
                assert_eq!(message[0][1..], next[peer].to_be_bytes(), "{batches:?}: out of order");
                next[peer] += 1;
                // 16 are a turn while more than 32 wait, and then one.
                let most = if next.iter().max() <= Some(&284) { 16 } else { 1 };
                assert!(next[0].abs_diff(next[1]) <= most, "{batches:?}: {next:?} were taken");
                assert!(batches != [0] || at != 15 || next.contains(&16), "one at a time, though many wait");
            }
            assert_eq!(next, [300, 300]);
        }
    }
}

#[tokio::test]
async fn each_message_of_a_router_names_its_peer_however_many_are_taken_at_once() {
    for batches in [[0, 7], [1000, 1000]] {
        let taken = taken(Router::new(), "DEALER", 300, &batches).await;
        let names: Vec<_> = taken.iter().take(2).map(|message| message[0].to_vec()).collect();
        assert_ne!(names[0], names[1]);
        for (at, message) in taken.iter().enumerate() {
            assert_eq!((message.len(), &message[0]), (2, &*names[at % 2]));
            assert_eq!(message[1][1..], (at as u16 / 2).to_be_bytes());
        }
    }
}

/// Where many wait, a few are taken with the one that is asked for.
#[tokio::test]
async fn messages_come_in_order_however_they_are_asked_for() {
    let mut dealer = Dealer::new();
    let mut wire = peer(&dealer.bind(LOOPBACK).await.unwrap(), "DEALER").await;
    let octets: Vec<u8> = (0..200).flat_map(|number| [0, 1, number]).collect();
    wire.write_all(&octets).await.unwrap();
    while dealer.peers().first().is_none_or(|peer| peer.unreceived.messages < 200) {
        tokio::task::yield_now().await;
    }
    let mut taken = vec![soon("a message", dealer.recv()).await.unwrap()];
    assert!(dealer.peers()[0].unreceived.messages < 199, "none is taken ahead");
    macro_rules! take_until {
        ($socket:ident, $count:expr) => {
            while taken.len() < $count {
                taken.push(soon("a message", $socket.recv()).await.unwrap());
                assert_eq!(soon("messages", $socket.recv_many(&mut taken, 3)).await, Ok(3));
                taken.push($socket.try_recv().unwrap().unwrap());
                assert_eq!($socket.try_recv_many(&mut taken, 40), Ok(40));
                taken.push(soon("a message", $socket.next()).await.unwrap().unwrap());
                taken.push(soon("a message", $socket.next()).await.unwrap().unwrap());
            }
        };
    }
    take_until!(dealer, 48);
    // What was taken ahead goes with the half that receives.
    let (_sender, mut receiver) = dealer.split();
    take_until!(receiver, 150);
    while let Some(message) = receiver.try_recv().unwrap() {
        taken.push(message);
    }
    assert!(taken.iter().map(|message| message[0][0]).eq(0..200));
}

#[tokio::test]
async fn a_turn_ends_a_batch_and_so_does_the_end() {
    let mut rep = Rep::new();
    let endpoint = rep.bind(LOOPBACK).await.unwrap();
    let mut taken = Vec::new();
    assert_eq!(rep.try_recv_many(&mut taken, 10), Ok(0));
    let mut wire = peer(&endpoint, "DEALER").await;
    wire.write_all(&b"\x01\0\0\x03ask".repeat(2)).await.unwrap();
    assert_eq!(soon("a request", rep.recv_many(&mut taken, 10)).await, Ok(1));
    assert_eq!(rep.try_recv_many(&mut taken, 10), Err(RecvError::OutOfTurn));
    assert_eq!(rep.try_recv_many(&mut taken, 0), Ok(0));
    let (sender, mut receiver) = Dealer::new().split();
    sender.close().await.unwrap();
    assert_eq!(soon("the end", receiver.recv_many(&mut taken, 10)).await, Err(RecvError::Closed));
    assert_eq!(taken.len(), 1);
}

#[tokio::test]
async fn what_was_taken_in_one_go_waits_no_more() {
    let mut pull = Pull::new();
    let endpoint = pull.bind(LOOPBACK).await.unwrap().to_string();
    let push = Push::new();
    push.connect(&endpoint).unwrap();
    let all = messages(200);
    assert_eq!(push.send_many(all.iter().cloned()), Ok(all.len()));
    let arrived = async {
        while pull.peers().first().is_none_or(|peer| peer.unreceived.messages < all.len()) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    soon("all messages", arrived).await;
    let mut taken = Vec::new();
    while taken.len() < all.len() {
        soon("a message", pull.recv_many(&mut taken, 60)).await.unwrap();
        let rest = all[taken.len()..].iter();
        let octets = rest.flat_map(Message::parts).map(|part| part.len() + 72).sum();
        assert_eq!(pull.peers()[0].unreceived, Limit { messages: all.len() - taken.len(), octets });
    }
    assert_eq!(taken, all);
}
