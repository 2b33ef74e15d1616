//! Does a conversation go on when one end comes back? Theirs after a crash, and ours after it was closed.

use crate::{Binds, run, until_disconnected};
use std::time::Duration;
use zeptomq::core::pattern::{Pattern, Receives, Sends};
use zeptomq::{Dealer, Options, Pair, Pull, Rep, Router, Socket};
use zeptomq_tests::python::{Payload, Peer, free_port};

#[test]
fn our_pair_goes_on_with_their_restarted_pair() {
    run(async {
        for binds in [Binds::We, Binds::They] {
            goes_on(Pair::with(eager()).unwrap(), "PAIR", binds).await;
        }
    });
}

#[test]
fn our_dealer_goes_on_with_their_restarted_dealer() {
    run(async {
        for binds in [Binds::We, Binds::They] {
            goes_on(Dealer::with(eager()).unwrap(), "DEALER", binds).await;
        }
    });
}

/// Each life says something and hears something.
async fn goes_on<P>(mut ours: Socket<P>, theirs: &str, binds: Binds)
where
    P: Pattern + Sends + Receives + Send + 'static,
{
    let mut monitor = ours.monitor();
    let endpoint = endpoint();
    match binds {
        Binds::We => drop(ours.bind(&endpoint).await.unwrap()),
        Binds::They => ours.connect(&endpoint).unwrap(),
    }
    for life in 0..3 {
        let [there, back] = [0, 1].map(|seed| Payload::new(&[30, 0], 2 * life + seed));
        let mut peer = Peer::start(theirs).await;
        // Who connects has a queue while nobody is there.
        if binds == Binds::They {
            ours.send(there.message()).await.unwrap();
            peer.bind(&endpoint).await;
        } else {
            peer.connect(&endpoint).await;
            ours.send(there.message()).await.unwrap();
        }
        peer.must(there.expect(0), "same").await;
        peer.must(back.send(), "sent").await;
        back.is(&ours.recv().await.unwrap());
        peer.kill().await;
        until_disconnected(&mut monitor).await;
    }
}

#[test]
fn our_dealer_asks_their_restarted_rep() {
    run(async {
        let mut dealer = Dealer::with(eager()).unwrap();
        let mut monitor = dealer.monitor();
        let endpoint = endpoint();
        dealer.connect(&endpoint).unwrap();
        for life in 0..3 {
            let payload = Payload::new(&[30, 0], life);
            dealer.send(payload.behind(&[b"id", b""])).await.unwrap();
            let mut rep = Peer::start("REP").await;
            rep.bind(&endpoint).await;
            rep.must(payload.expect(0), "same").await;
            rep.must(payload.send(), "sent").await;
            payload.follows(&[b"id", b""], &dealer.recv().await.unwrap());
            rep.kill().await;
            until_disconnected(&mut monitor).await;
        }
    });
}

/// What it could not send to the one that is gone it sends to the next.
#[test]
fn their_push_goes_on_with_our_next_pull() {
    run(async {
        let mut push = Peer::with("PUSH", EAGER).await;
        let endpoint = endpoint();
        push.connect(&endpoint).await;
        for life in 0..3 {
            let payload = Payload::new(&[30, 0], life);
            push.must(payload.send(), "sent").await;
            let mut pull = bound_again(Pull::new, &endpoint).await;
            payload.is(&pull.recv().await.unwrap());
            close(pull, &mut push).await;
        }
    });
}

#[test]
fn their_pair_goes_on_with_our_next_pair() {
    run(async {
        let mut theirs = Peer::with("PAIR", EAGER).await;
        let endpoint = endpoint();
        theirs.connect(&endpoint).await;
        for life in 0..3 {
            let [there, back] = [0, 1].map(|seed| Payload::new(&[30, 0], 2 * life + seed));
            theirs.must(back.send(), "sent").await;
            let mut ours = bound_again(Pair::new, &endpoint).await;
            back.is(&ours.recv().await.unwrap());
            ours.send(there.message()).await.unwrap();
            theirs.must(there.expect(0), "same").await;
            close(ours, &mut theirs).await;
        }
    });
}

/// Its name is the same, and its answers are its own.
#[test]
fn their_dealer_goes_on_with_our_next_router() {
    run(async {
        let mut dealer = Peer::with("DEALER", &format!(r#"{EAGER}, "IDENTITY": "faithful""#)).await;
        let endpoint = endpoint();
        dealer.connect(&endpoint).await;
        for life in 0..3 {
            let payload = Payload::new(&[30, 0], life);
            dealer.must(payload.send(), "sent").await;
            let mut router = bound_again(Router::new, &endpoint).await;
            payload.follows(&[b"faithful"], &router.recv().await.unwrap());
            router.send(payload.behind(&[b"faithful"])).await.unwrap();
            dealer.must(payload.expect(0), "same").await;
            close(router, &mut dealer).await;
        }
    });
}

/// A REQ of theirs that may ask again before it was answered does so when we are there again.
#[test]
fn their_req_asks_our_next_rep() {
    run(async {
        let options = format!(r#"{EAGER}, "REQ_RELAXED": 1, "REQ_CORRELATE": 1"#);
        let mut req = Peer::with("REQ", &options).await;
        let endpoint = endpoint();
        req.connect(&endpoint).await;
        for life in 0..3 {
            let mut rep = bound_again(Rep::new, &endpoint).await;
            rep.wait_for_peers(1).await;
            let [answered, lost] = [0, 1].map(|seed| Payload::new(&[30, 0], 2 * life + seed));
            req.must(answered.send(), "sent").await;
            let (request, responder) = rep.accept().await.unwrap();
            answered.is(&request);
            responder.reply(request).await.unwrap();
            req.must(answered.expect(0), "same").await;
            req.must(lost.send(), "sent").await;
            lost.is(&rep.accept().await.unwrap().0);
            close(rep, &mut req).await;
        }
    });
}

/// A socket of ours where a former one was, as soon as that has gone.
async fn bound_again<P: Pattern + Send + 'static>(start: impl Fn() -> Socket<P>, endpoint: &str) -> Socket<P> {
    loop {
        let socket = start();
        if socket.bind(endpoint).await.is_ok() {
            return socket;
        }
        tokio::task::yield_now().await;
    }
}

/// Ours goes, and they have noticed: what they sent to it until then would be lost.
async fn close<P: Pattern + Send + 'static>(ours: Socket<P>, theirs: &mut Peer) {
    theirs.must(r#""do": "monitor""#, "watching").await;
    ours.close().await.unwrap();
    theirs.must(r#""do": "event", "names": ["DISCONNECTED"]"#, "DISCONNECTED").await;
}

fn endpoint() -> String {
    format!("tcp://127.0.0.1:{}", free_port())
}

fn eager() -> Options {
    Options::new().reconnect(Duration::from_millis(10), Duration::from_millis(50))
}

const EAGER: &str = r#""RECONNECT_IVL": 10"#;
