//! Do subscriptions that change while messages pass take effect, whole and no further? And do many of them survive a
//! crash?

use crate::{Binds, LOOPBACK, join, run, until_disconnected};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use zeptomq::{Limit, Message, Options, Policy, Pub, Sub};
use zeptomq_tests::python::Peer;

/// What is wanted and what was heard. A message here is a topic and a number, which for each topic goes up by one.
#[derive(Default)]
struct Account {
    wanted: Vec<&'static str>,
    /// What was wanted before; messages may still be on their way, until a marker says that there are no more.
    leaving: Vec<&'static str>,
    last: HashMap<String, u64>,
}

impl Account {
    fn change(&mut self, sub: &Sub, prefix: &'static str, wanted: bool) {
        if wanted {
            sub.subscribe(prefix);
            self.wanted.push(prefix);
        } else {
            assert!(sub.unsubscribe(prefix));
            self.wanted.remove(self.wanted.iter().position(|known| *known == prefix).unwrap());
            self.leaving.push(prefix);
            self.last.retain(|topic, _| self.wanted.iter().any(|prefix| topic.starts_with(prefix)));
        }
    }

    /// Receives the next message, and returns its topic.
    async fn hear(&mut self, sub: &mut Sub) -> String {
        let message = sub.recv().await.unwrap();
        let topic = String::from_utf8(message[0].to_vec()).unwrap();
        let number = u64::from_be_bytes(message[1][..].try_into().unwrap());
        let matches = |prefixes: &[&str]| prefixes.iter().any(|prefix| topic.starts_with(prefix));
        if matches(&self.wanted) {
            let last = self.last.insert(topic.clone(), number);
            assert!(last.is_none_or(|last| number == last + 1), "{topic} {number} behind {last:?}");
        } else {
            assert!(matches(&self.leaving), "{topic} {number} is not wanted: {:?}", self.wanted);
        }
        topic
    }
}

/// Their PUB publishes all the while. What is wanted all along comes without a gap, and so does each prefix from its first
/// message on; when the marker comes that was asked for behind a cancel, nothing that was cancelled comes any more.
#[test]
fn what_our_sub_wants_changes_while_their_pub_publishes() {
    run(async {
        let mut theirs = Peer::with("PUB", r#""SNDHWM": 0"#).await;
        let endpoint = theirs.bind(LOOPBACK).await;
        let mut sub = Sub::new();
        sub.connect(&endpoint).unwrap();
        theirs.tell(format!(r#""do": "cycle", "topics": {TOPICS:?}"#)).await;
        let mut account = Account::default();
        account.change(&sub, ALWAYS, true);
        for round in 0..ROUNDS {
            let (prefix, marker) = (PREFIXES[round % PREFIXES.len()], MARKERS[round % MARKERS.len()]);
            account.change(&sub, prefix, true);
            // Wanted twice and cancelled once, it is still wanted.
            account.change(&sub, ALWAYS, true);
            let mut heard = 0;
            while heard < ENOUGH {
                heard += usize::from(account.hear(&mut sub).await.starts_with(prefix));
            }
            account.change(&sub, ALWAYS, false);
            account.change(&sub, prefix, false);
            account.change(&sub, marker, true);
            while account.hear(&mut sub).await != marker {}
            account.leaving.clear();
            account.change(&sub, marker, false);
        }
        // Which ends the publishing.
        theirs.tell(r#""do": "close", "linger": 0"#).await;
        assert!(theirs.hear().await.starts_with("published "));
        theirs.says(&["closed"]).await;
    });
}

/// The same of their SUBs, each of which wants something else at any time, of our PUB at its full rate; and of an XSUB, which
/// does not filter what it is sent.
#[test]
fn what_their_subs_want_changes_while_our_pub_publishes() {
    run(async {
        let limit = Limit { messages: 100, octets: 1 << 20 };
        // Little on both ends, or the system would hold megabytes that each change has to wait for.
        let options = Options::new().overload(Policy::Wait).send_limit(limit).send_buffer(32 * 1024);
        let publisher = Pub::with(options).unwrap();
        let endpoint = publisher.bind(LOOPBACK).await.unwrap().to_string();
        let enough = Arc::new(AtomicBool::new(false));
        let publishing = tokio::spawn({
            let enough = enough.clone();
            async move {
                let numbers = (0_u64..).take_while(|_| !enough.load(Ordering::Relaxed));
                for (number, topic) in numbers.flat_map(|number| TOPICS.map(|topic| (number, topic))) {
                    // Long, so that few are in the system's hands.
                    let parts = [topic.as_bytes(), &number.to_be_bytes(), &[0; 2000]];
                    publisher.send(Message::multipart(parts)).await.unwrap();
                }
                publisher
            }
        });
        let mut subs = Vec::new();
        for (shift, kind) in ["SUB", "XSUB", "SUB"].into_iter().enumerate() {
            let mut sub = Peer::with(kind, r#""RCVHWM": 10, "RCVBUF": 16384"#).await;
            sub.connect(&endpoint).await;
            let mut prefixes = PREFIXES;
            prefixes.rotate_left(shift);
            let wander =
                format!(r#""do": "wander", "always": {ALWAYS:?}, "prefixes": {prefixes:?}, "markers": {MARKERS:?}"#);
            sub.tell(format!(r#"{wander}, "rounds": {ROUNDS}, "enough": {ENOUGH}"#)).await;
            // One that takes nothing any more would hold up the others.
            sub.tell(r#""do": "close", "linger": 0"#).await;
            subs.push(sub);
        }
        for sub in &mut subs {
            sub.says(&["wandered", "closed"]).await;
        }
        enough.store(true, Ordering::Relaxed);
        let publisher = publishing.await.unwrap();
        assert_eq!(publisher.drops().queue_full, 0);
    });
}

/// A publisher that comes back is told all that is wanted by then, once, and nothing that is not.
#[test]
fn our_sub_says_ten_thousand_topics_again() {
    run(async {
        let mut sub = Sub::with(eager()).unwrap();
        let mut monitor = sub.monitor();
        (0..MANY).for_each(|number| sub.subscribe(name(number)));
        let mut theirs = Peer::with("XPUB", UNLIMITED).await;
        let endpoint = join(&sub, &mut theirs, Binds::They).await;
        for first in [0, MANY / 2] {
            let last = first + MANY;
            theirs.must(format!(r#""do": "hear_topics", "first": {first}, "last": {last}"#), "all told").await;
            theirs.must(format!(r#""do": "send_topics", "first": 0, "last": {}"#, 2 * MANY), "sent").await;
            for number in first..last {
                assert_eq!(&sub.recv().await.unwrap()[0], name(number).as_bytes());
            }
            theirs.kill().await;
            until_disconnected(&mut monitor).await;
            if first == 0 {
                (0..MANY / 2).for_each(|number| assert!(sub.unsubscribe(name(number))));
                (MANY..MANY + MANY / 2).for_each(|number| sub.subscribe(name(number)));
            }
            theirs = Peer::with("XPUB", UNLIMITED).await;
            theirs.bind(&endpoint).await;
        }
    });
}

/// libzmq drops a subscription silently when the queue to a publisher is full, unless that has no limit.
#[test]
fn their_sub_says_ten_thousand_topics_again() {
    run(async {
        let mut sub = Peer::with("SUB", &(UNLIMITED.to_owned() + r#", "RECONNECT_IVL": 10"#)).await;
        sub.must(format!(r#""do": "want_topics", "first": 0, "last": {MANY}"#), "subscribed").await;
        let mut endpoint = LOOPBACK.to_owned();
        for life in 0..3 {
            let publisher = Pub::new();
            endpoint = loop {
                match publisher.bind(&endpoint).await {
                    Ok(bound) => break bound.to_string(),
                    Err(_) => tokio::task::yield_now().await,
                }
            };
            if life == 0 {
                sub.connect(&endpoint).await;
            }
            sub.tell(format!(r#""do": "take_topics", "first": 0, "last": {MANY}"#)).await;
            for number in 0..MANY {
                publisher.wait_for_subscribers(name(number), 1).await;
            }
            for number in 0..2 * MANY {
                publisher.send(name(number)).await.unwrap();
            }
            sub.says(&["taken"]).await;
            assert_eq!(publisher.close().await, Ok(()));
        }
    });
}

fn name(number: usize) -> String {
    format!("topic {number:05}")
}

fn eager() -> Options {
    Options::new().reconnect(Duration::from_millis(10), Duration::from_millis(50))
}

const ALWAYS: &str = "always";
/// Whole topics and what several begin with, each of which goes while another that matches the same may stay.
const PREFIXES: [&str; 6] = ["t1", "t", "u2", "u", "t2", "a"];
const MARKERS: [&str; 3] = ["m1", "m2", "m3"];
const TOPICS: [&str; 9] = ["always", "t1", "m1", "t2", "m2", "u1", "u2", "m3", "other"];
const ROUNDS: usize = 60;
const ENOUGH: usize = 50;
const MANY: usize = 10_000;
const UNLIMITED: &str = r#""SNDHWM": 0, "RCVHWM": 0"#;
