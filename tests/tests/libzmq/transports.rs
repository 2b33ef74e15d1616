//! Does it matter what the octets travel over, and how many they are?

use crate::{Binds, LOOPBACK, join_at, run, whoever_binds};
use std::io::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;
use zeptomq::{Pull, Push, Rep};
use zeptomq_tests::python::{Payload, Peer};

#[test]
fn frames_of_20_megabytes_pass_in_both_directions() {
    whoever_binds(async |binds| talk(binds, LOOPBACK, LOOPBACK, &[20_000_000]).await);
}

#[test]
fn peers_meet_over_ipv6() {
    if TcpListener::bind("[::1]:0").is_err() {
        let _ = writeln!(std::io::stderr(), "NOT TESTED over IPv6, which this machine has not");
        return;
    }
    whoever_binds(async |binds| talk(binds, "tcp://[::1]:*", "tcp://[::1]:*", SOME).await);
}

#[test]
fn we_bind_to_a_name_and_they_connect() {
    run(async { talk(Binds::We, "tcp://localhost:*", "tcp://localhost:*", SOME).await });
}

/// libzmq binds to no name.
#[test]
fn they_bind_and_we_connect_to_a_name() {
    run(async {
        let mut rep = Rep::new();
        let mut req = Peer::start("REQ").await;
        let endpoint = req.bind(LOOPBACK).await;
        rep.connect(&endpoint.replace("127.0.0.1", "localhost")).unwrap();
        let payload = Payload::new(SOME, 0);
        req.tell(payload.send()).await;
        req.tell(payload.expect(0)).await;
        let (request, responder) = rep.accept().await.unwrap();
        payload.is(&request);
        responder.reply(request).await.unwrap();
        req.says(&["sent", "same"]).await;
    });
}

#[test]
fn peers_meet_over_ipc() {
    whoever_binds(async |binds| {
        let [push, pull] = ["push", "pull"].map(|name| Path::new(name, binds));
        talk(binds, &push.endpoint(), &pull.endpoint(), SOME).await;
    });
}

/// Both directions: our PUSH to their PULL at one endpoint, their PUSH to our PULL at another.
async fn talk(binds: Binds, push_at: &str, pull_at: &str, lens: &[usize]) {
    let payload = Payload::new(lens, 1);
    let push = Push::new();
    let mut theirs = Peer::with("PULL", IPV6).await;
    join_at(&push, &mut theirs, binds, push_at).await;
    theirs.tell(payload.expect(0)).await;
    push.send(payload.message()).await.unwrap();
    theirs.says(&["same"]).await;

    let mut pull = Pull::new();
    let mut theirs = Peer::with("PUSH", IPV6).await;
    join_at(&pull, &mut theirs, binds, pull_at).await;
    theirs.tell(payload.send()).await;
    payload.is(&pull.recv().await.unwrap());
}

/// A path for a socket, which is gone with this.
struct Path(PathBuf);

impl Path {
    fn new(name: &str, binds: Binds) -> Self {
        Self(std::env::temp_dir().join(format!("zeptomq-{}-{name}-{binds:?}", std::process::id())))
    }

    fn endpoint(&self) -> String {
        format!("ipc://{}", self.0.display())
    }
}

impl Drop for Path {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

const SOME: &[usize] = &[1, 0, 300, 70_000];
/// With it libzmq takes both kinds of addresses.
const IPV6: &str = r#""IPV6": 1"#;
