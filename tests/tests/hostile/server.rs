//! How much memory does a process take that does nothing but serve? One of its own, asked over its standard input.

use crate::alone::{Alone, at_rest};
use crate::good::serves;
use crate::types::kinds;
use std::io::{BufRead, BufReader, Lines};
use std::io::{Write, stdin};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;
use zeptomq::Options;
use zeptomq_tests::executor::Kind;
use zeptomq_tests::tokio::TokioSubject;

/// A process that has a bound socket of each type.
pub(crate) struct Server {
    process: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    /// Where the sockets are, in the order of the types.
    pub(crate) addresses: Vec<(Kind, String)>,
}

/// What a process holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// What it has asked its allocator for, in octets.
    pub(crate) heap: usize,
    /// What the system has given it, in octets; 0 where the system does not say.
    pub(crate) resident: usize,
}

impl Server {
    /// Starts one, whose sockets give strangers and silent peers so much time.
    pub(crate) fn start(handshake: Duration, silence: Duration) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "server::plays_the_server_that_another_test_asks_for", "--nocapture"])
            .env(ASKED, format!("{} {}", handshake.as_millis(), silence.as_millis()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut server = Self { process, orders, answers, addresses: Vec::new() };
        server.addresses = kinds().map(|kind| (kind, server.answer())).collect();
        server
    }

    /// Has a good peer of each socket served, while so many others are up.
    pub(crate) fn serve(&mut self, others: usize) {
        assert_eq!(self.ask(&format!("serve {others}")), "served");
    }

    /// What the process holds when it has come to rest.
    pub(crate) fn cost(&mut self) -> Cost {
        let answer = self.ask("cost");
        let (heap, resident) = answer.split_once(' ').unwrap();
        Cost { heap: heap.parse().unwrap(), resident: resident.parse().unwrap() }
    }

    /// Ends it. Nothing in it panicked.
    pub(crate) fn end(self) {
        let Self { mut process, orders, .. } = self;
        drop(orders);
        assert!(process.wait().unwrap().success(), "the server failed");
    }

    fn ask(&mut self, order: &str) -> String {
        writeln!(self.orders, "{order}").unwrap();
        self.answer()
    }

    /// The next line that is an answer, and not the test harness's.
    fn answer(&mut self) -> String {
        loop {
            let line = self.answers.next().expect("a server that lives").unwrap();
            if let Some((_, answer)) = line.split_once(ANSWER) {
                return answer.to_owned();
            }
        }
    }
}

/// The other side of `Server`; it has nothing to do in a process that is not one.
#[test]
fn plays_the_server_that_another_test_asks_for() {
    let Ok(asked) = std::env::var(ASKED) else { return };
    let _alone = Alone::begin();
    let ms: Vec<_> = asked.split(' ').map(|ms| Duration::from_millis(ms.parse().unwrap())).collect();
    let options = Options::new().handshakes_max(1 << 14).handshake_timeout(ms[0]).heartbeat(ms[1], ms[1]);
    let mut sockets: Vec<_> = kinds().map(|kind| TokioSubject::bound(kind, options.clone(), &[])).collect();
    sockets.iter().for_each(|socket| say(socket.address()));
    for order in stdin().lines() {
        let order = order.unwrap();
        match order.split_once(' ') {
            Some((_, others)) => {
                let others = others.parse().unwrap();
                sockets.iter_mut().for_each(|socket| serves(socket, others));
                say("served");
            }
            None => say(&format!("{} {}", at_rest(), resident())),
        }
    }
}

fn say(answer: &str) {
    println!("{ANSWER}{answer}");
}

/// What the system has given this process, in octets.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().map_or(0, |kib: usize| kib << 10)
}

const ASKED: &str = "ZEPTOMQ_HOSTILE_SERVER";
const ANSWER: &str = "server: ";
