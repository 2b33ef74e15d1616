//! Do older messages make room for newer ones, and is what went counted, whatever the connection does?
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here is a test")]

mod support;

use std::time::Duration;
use support::{DEADLINE, peer, shake, soon};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use zeptomq::core::pattern::Sends;
use zeptomq::{Dealer, Drops, Event, Limit, Message, Options, Policy, Pub, Push, Socket};

const LOOPBACK: &str = "tcp://127.0.0.1:0";
const MAKING_ROOM: [Policy; 2] = [Policy::DropOldest, Policy::KeepLatest];

fn holding(messages: usize, policy: Policy) -> Options {
    Options::new().send_limit(Limit { messages, octets: 100_000 }).overload(policy).linger(Duration::ZERO)
}

/// Messages of eleven topics and of none, some of them large.
fn messages(count: usize) -> Vec<Message> {
    let message = |at: usize| match at * 7 % 12 {
        0 => Message::from(at.to_string()),
        topic => Message::multipart([topic.to_string().into_bytes(), vec![at as u8; [3, 300, 9000][at % 3]]]),
    };
    (0..count).map(message).collect()
}

/// What two peers that come late hear of these messages, sent in batches of the given lengths; 0 sends one alone. And what
/// was dropped.
async fn heard<P: Sends + Send>(socket: Socket<P>, theirs: &str, batches: &[usize]) -> (Vec<Vec<u8>>, Drops) {
    let mut listeners = Vec::new();
    for _ in 0..2 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        socket.connect(&format!("tcp://{}", listener.local_addr().unwrap())).unwrap();
        listeners.push(listener);
    }
    let all = messages(500);
    let mut rest = all.as_slice();
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
    let (drops, unsent) = (socket.drops(), socket.peers().iter().map(|peer| peer.unsent.messages).sum::<usize>());
    assert_eq!(drops.queue_full as usize + drops.replaced as usize + unsent, all.len());
    let mut streams = Vec::new();
    for listener in &listeners {
        let (mut stream, _) = soon("the connection", listener.accept()).await.unwrap();
        shake(&mut stream, theirs).await;
        streams.push(stream);
    }
    let closing = tokio::spawn(socket.close());
    let mut heard = Vec::new();
    for mut stream in streams {
        let mut octets = Vec::new();
        soon("the end", stream.read_to_end(&mut octets)).await.unwrap();
        heard.push(octets);
    }
    soon("closing", closing).await.unwrap().unwrap();
    (heard, drops)
}

#[tokio::test]
async fn many_at_once_make_the_room_that_they_would_make_one_by_one() {
    for policy in MAKING_ROOM {
        for messages in [8, 100] {
            let options = || holding(messages, policy).linger(DEADLINE);
            let push = || Push::with(options()).unwrap();
            let alone = heard(push(), "PULL", &[0]).await;
            assert!(alone.1.queue_full > 0 || alone.1.replaced > 0);
            assert!(alone.0.iter().all(|heard| !heard.is_empty()));
            assert!(heard(push(), "PULL", &[1, 63, 0, 64, 65, 7]).await == alone, "{policy:?} {messages}");
            let dealer = Dealer::with(options()).unwrap();
            assert!(heard(dealer, "ROUTER", &[100]).await == alone, "{policy:?} {messages}");
        }
    }
}

/// The numbers of messages `t`, number.
async fn numbers(stream: &mut TcpStream, until: u32) -> Vec<u32> {
    let mut numbers = Vec::new();
    while numbers.last() != Some(&until) {
        let mut octets = [0; 9];
        soon("a message", stream.read_exact(&mut octets)).await.unwrap();
        assert_eq!(octets[..5], *b"\x01\x01t\0\x04");
        numbers.push(u32::from_be_bytes([octets[5], octets[6], octets[7], octets[8]]));
    }
    numbers
}

fn numbered(number: u32) -> Message {
    Message::multipart([&b"t"[..], &number.to_be_bytes()])
}

/// A connection is lost with a message in the middle; what comes while there is none makes room.
#[tokio::test]
async fn what_was_being_written_makes_room_again_when_the_connection_is_lost() {
    for (policy, heard) in [(Policy::DropOldest, vec![6, 7, 8]), (Policy::KeepLatest, vec![8])] {
        let push = Push::with(holding(3, policy)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        push.connect(&format!("tcp://{}", listener.local_addr().unwrap())).unwrap();
        let mut monitor = push.monitor();
        let (mut stream, _) = soon("the connection", listener.accept()).await.unwrap();
        shake(&mut stream, "PULL").await;
        // More than the system takes.
        push.send(Message::multipart([vec![b'b'], vec![7; 32 << 20]])).await.unwrap();
        soon("its first octets", stream.read_exact(&mut [0; 64])).await.unwrap();
        for number in 1..=3 {
            push.send(numbered(number)).await.unwrap();
        }
        drop(stream);
        let gone = async { while !matches!(monitor.recv().await, Some(Event::Disconnected { .. })) {} };
        soon("the end of the connection", gone).await;
        let (replaced, full) = if policy == Policy::KeepLatest { (2, 0) } else { (0, 0) };
        assert_eq!(push.drops(), Drops { replaced, queue_full: full, ..Drops::NONE });
        // A message of 32 MiB is above the limit: whatever comes next has to make room, and it is the oldest.
        for number in 4..=8 {
            push.send(numbered(number)).await.unwrap();
        }
        let expected = match policy {
            Policy::DropOldest => Drops { queue_full: 6, ..Drops::NONE },
            _ => Drops { queue_full: 1, replaced: 7, ..Drops::NONE },
        };
        assert_eq!(push.drops(), expected);
        let (mut stream, _) = soon("the next connection", listener.accept()).await.unwrap();
        shake(&mut stream, "PULL").await;
        assert_eq!(numbers(&mut stream, 8).await, heard);
    }
}

/// Whatever was accepted was heard, dropped by the policy or is reported when the socket is closed.
#[tokio::test]
async fn what_is_left_on_closing_is_counted_to_the_message() {
    for policy in MAKING_ROOM {
        let publisher = Pub::with(holding(5, policy)).unwrap();
        let endpoint = publisher.bind(LOOPBACK).await.unwrap();
        let mut subscriber = peer(&endpoint, "SUB").await;
        subscriber.write_all(b"\0\x01\x01").await.unwrap();
        soon("the subscription", publisher.wait_for_subscribers("", 1)).await;
        publisher.send(vec![7; 32 << 20]).await.unwrap();
        soon("its first octets", subscriber.read_exact(&mut [0; 64])).await.unwrap();
        for number in 1..=20 {
            publisher.send(numbered(number)).await.unwrap();
        }
        let drops = publisher.drops();
        let waiting = 20 - drops.queue_full - drops.replaced;
        assert_eq!(waiting, if policy == Policy::KeepLatest { 1 } else { 5 });
        assert_eq!(publisher.close().await.unwrap_err().messages, waiting as usize + 1);
    }
}

/// A peer that was passed over while another had room has its turn when none has.
#[tokio::test]
async fn who_was_passed_over_makes_room_in_turn() {
    let limit = Limit { messages: 2, octets: 30 };
    let push = Push::with(holding(2, Policy::DropOldest).send_limit(limit)).unwrap();
    for _ in 0..2 {
        push.connect("tcp://127.0.0.1:1").unwrap();
    }
    for body in ["a body above the limit of the queue in octets", "1", "2"] {
        push.send(body).await.unwrap();
    }
    let unsent = || push.peers().iter().map(|peer| peer.unsent).collect::<Vec<_>>();
    assert_eq!(unsent(), [Limit { messages: 1, octets: 47 }, Limit { messages: 2, octets: 6 }]);
    push.send("3").await.unwrap();
    assert_eq!(unsent(), [Limit { messages: 1, octets: 3 }, Limit { messages: 2, octets: 6 }]);
}
