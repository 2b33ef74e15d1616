//! Does a subscriber that has stalled keep nothing but what it will want? Alone, for the memory of the process is measured.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here is a test")]
#![cfg(target_os = "linux")]

mod support;

use std::collections::HashMap;
use std::time::Duration;
use support::{peer, soon};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zeptomq::{Options, Policy, Pub};

const LEN: usize = 1000;
const MESSAGES: u32 = 100_000;

/// What this process itself keeps in memory, in KiB.
fn memory_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn message(topic: u8, number: u32) -> [Vec<u8>; 2] {
    let mut body = number.to_be_bytes().to_vec();
    body.resize(LEN, b'.');
    [vec![topic], body]
}

#[tokio::test]
async fn it_gets_what_had_left_and_the_latest_of_each_topic() {
    let publisher = Pub::with(Options::new().overload(Policy::KeepLatest)).unwrap();
    let endpoint = publisher.bind("tcp://127.0.0.1:0").await.unwrap();
    let mut subscriber = peer(&endpoint, "SUB").await;
    subscriber.write_all(b"\0\x01\x01").await.unwrap();
    soon("the subscription", publisher.wait_for_subscribers(b"", 1)).await;
    let mut number = 0;
    // The connection takes what it will; from then on all that is sent waits.
    let mut unsent = 0;
    while unsent < 10 {
        let before = publisher.drops().replaced;
        for topic in [b'a', b'b'] {
            publisher.send(message(topic, number)).await.unwrap();
        }
        number += 1;
        tokio::time::sleep(Duration::from_micros(10)).await;
        unsent = if publisher.drops().replaced == before + 2 { unsent + 1 } else { 0 };
    }
    let (had_left, before) = (number, memory_kib());
    for _ in 0..MESSAGES / 2 {
        for topic in [b'a', b'b'] {
            publisher.send(message(topic, number)).await.unwrap();
        }
        number += 1;
    }
    let grown = memory_kib().saturating_sub(before);
    assert!(grown < 1024, "{grown} KiB more");
    let unsent = publisher.peers()[0].unsent;
    assert!(unsent.messages <= 4 && unsent.octets <= 5 * (LEN + 20), "{unsent:?}");

    let closing = tokio::spawn(publisher.close());
    let mut octets = Vec::new();
    soon("the end", subscriber.read_to_end(&mut octets)).await.unwrap();
    soon("closing", closing).await.unwrap().unwrap();
    // Each message is `01 01 topic`, then a long frame.
    let mut last: HashMap<u8, u32> = HashMap::new();
    let messages = octets.chunks(3 + 9 + LEN);
    assert!(messages.len() <= 2 * had_left as usize + 2, "{} of {had_left} that had left", messages.len());
    for octets in messages {
        assert_eq!((&octets[..2], octets.len()), (&b"\x01\x01"[..], 3 + 9 + LEN));
        let number = u32::from_be_bytes(octets[12..16].try_into().unwrap());
        assert!(last.insert(octets[2], number).is_none_or(|former| former < number));
    }
    assert_eq!(last, HashMap::from([(b'a', number - 1), (b'b', number - 1)]));
}
