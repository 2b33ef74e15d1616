//! Does each of our socket types talk to each of theirs that is its peer? Whoever binds, octet for octet.

use crate::{Binds, join, whoever_binds};
use zeptomq::{Dealer, Options, Pair, Pull, Push, Rep, Req, Router};
use zeptomq_tests::python::{Payload, Peer};

#[test]
fn our_push_talks_to_their_pull() {
    whoever_binds(async |binds| {
        let push = Push::new();
        let mut pull = Peer::start("PULL").await;
        join(&push, &mut pull, binds).await;
        for payload in payloads() {
            pull.tell(payload.expect(0)).await;
            push.send(payload.message()).await.unwrap();
        }
        pull.says(&vec!["same"; payloads().len()]).await;
    });
}

#[test]
fn our_pull_talks_to_their_push() {
    whoever_binds(async |binds| {
        let mut pull = Pull::new();
        let mut push = Peer::start("PUSH").await;
        join(&pull, &mut push, binds).await;
        for payload in payloads() {
            push.tell(payload.send()).await;
        }
        for payload in payloads() {
            payload.is(&pull.recv().await.unwrap());
        }
    });
}

#[test]
fn our_req_talks_to_their_rep() {
    whoever_binds(async |binds| our_req_talks_to_rep(Req::new(), binds).await);
}

#[test]
fn our_strict_req_talks_to_their_rep() {
    whoever_binds(async |binds| our_req_talks_to_rep(strict_req(), binds).await);
}

/// The router answers behind the whole envelope: its name for us, the number of the request, the delimiter.
#[test]
fn our_req_talks_to_their_router() {
    whoever_binds(async |binds| our_req_talks_to_router(Req::new(), 3, binds).await);
}

#[test]
fn our_strict_req_talks_to_their_router() {
    whoever_binds(async |binds| our_req_talks_to_router(strict_req(), 2, binds).await);
}

async fn our_req_talks_to_rep(mut req: Req, binds: Binds) {
    let mut rep = Peer::start("REP").await;
    join(&req, &mut rep, binds).await;
    for (question, answer) in exchanges() {
        rep.tell(question.expect(0)).await;
        rep.tell(answer.send()).await;
        answer.is(&req.request(question.message()).await.unwrap());
        rep.says(&["same", "sent"]).await;
    }
}

async fn our_req_talks_to_router(mut req: Req, envelope_len: usize, binds: Binds) {
    let mut router = Peer::start("ROUTER").await;
    join(&req, &mut router, binds).await;
    for (question, answer) in exchanges() {
        router.tell(question.expect(envelope_len)).await;
        router.tell(answer.reply()).await;
        answer.is(&req.request(question.message()).await.unwrap());
        router.says(&["same", "sent"]).await;
    }
}

fn strict_req() -> Req {
    Req::with(Options::new().strict_requests()).unwrap()
}

#[test]
fn our_rep_talks_to_their_req() {
    whoever_binds(async |binds| our_rep_talks_to(Peer::start("REQ").await, binds).await);
}

#[test]
fn our_rep_talks_to_their_req_that_numbers_its_requests() {
    whoever_binds(async |binds| our_rep_talks_to(Peer::with("REQ", r#""REQ_CORRELATE": 1"#).await, binds).await);
}

async fn our_rep_talks_to(mut req: Peer, binds: Binds) {
    let mut rep = Rep::new();
    join(&rep, &mut req, binds).await;
    for (question, answer) in exchanges() {
        req.tell(question.send()).await;
        req.tell(answer.expect(0)).await;
        let (request, responder) = rep.accept().await.unwrap();
        question.is(&request);
        responder.reply(answer.message()).await.unwrap();
        req.says(&["sent", "same"]).await;
    }
}

#[test]
fn our_rep_talks_to_their_dealer() {
    whoever_binds(async |binds| {
        let mut rep = Rep::new();
        let mut dealer = Peer::start("DEALER").await;
        join(&rep, &mut dealer, binds).await;
        for (question, answer) in exchanges() {
            dealer.tell(question.send_delimited()).await;
            let (request, responder) = rep.accept().await.unwrap();
            question.is(&request);
            responder.reply(answer.message()).await.unwrap();
            assert_eq!(dealer.hear().await, "sent");
            dealer.must(answer.expect(1), "same").await;
        }
    });
}

#[test]
fn our_dealer_talks_to_their_rep() {
    whoever_binds(async |binds| {
        let mut dealer = Dealer::new();
        let mut rep = Peer::start("REP").await;
        join(&dealer, &mut rep, binds).await;
        for (question, answer) in exchanges() {
            rep.tell(question.expect(0)).await;
            rep.tell(answer.send()).await;
            dealer.send(question.behind(&[b""])).await.unwrap();
            answer.follows(&[b""], &dealer.recv().await.unwrap());
            rep.says(&["same", "sent"]).await;
        }
    });
}

#[test]
fn our_dealer_talks_to_their_dealer() {
    whoever_binds(async |binds| {
        let mut ours = Dealer::new();
        let mut theirs = Peer::start("DEALER").await;
        join(&ours, &mut theirs, binds).await;
        for (there, back) in exchanges() {
            theirs.tell(back.send()).await;
            theirs.tell(there.expect(0)).await;
            ours.send(there.message()).await.unwrap();
            back.is(&ours.recv().await.unwrap());
            theirs.says(&["sent", "same"]).await;
        }
    });
}

#[test]
fn our_pair_talks_to_their_pair() {
    whoever_binds(async |binds| {
        let mut ours = Pair::new();
        let mut theirs = Peer::start("PAIR").await;
        join(&ours, &mut theirs, binds).await;
        for (there, back) in exchanges() {
            theirs.tell(back.send()).await;
            theirs.tell(there.expect(0)).await;
            ours.send(there.message()).await.unwrap();
            back.is(&ours.recv().await.unwrap());
            theirs.says(&["sent", "same"]).await;
        }
    });
}

#[test]
fn our_dealer_talks_to_their_router() {
    whoever_binds(async |binds| {
        let mut dealer = Dealer::new();
        let mut router = Peer::start("ROUTER").await;
        join(&dealer, &mut router, binds).await;
        for (there, back) in exchanges() {
            router.tell(there.expect(1)).await;
            router.tell(back.reply()).await;
            dealer.send(there.message()).await.unwrap();
            back.is(&dealer.recv().await.unwrap());
            router.says(&["same", "sent"]).await;
        }
    });
}

#[test]
fn our_router_talks_to_their_req() {
    whoever_binds(async |binds| {
        let mut router = Router::new();
        let mut req = Peer::start("REQ").await;
        join(&router, &mut req, binds).await;
        for (question, answer) in exchanges() {
            req.tell(question.send()).await;
            req.tell(answer.expect(0)).await;
            let request = router.recv().await.unwrap();
            let envelope = [&request[0], b""];
            question.follows(&envelope, &request);
            router.send(answer.behind(&envelope)).await.unwrap();
            req.says(&["sent", "same"]).await;
        }
    });
}

#[test]
fn our_router_talks_to_their_dealer() {
    whoever_binds(async |binds| {
        let mut router = Router::new();
        let mut dealer = Peer::start("DEALER").await;
        join(&router, &mut dealer, binds).await;
        for (there, back) in exchanges() {
            dealer.tell(there.send()).await;
            dealer.tell(back.expect(0)).await;
            let message = router.recv().await.unwrap();
            there.follows(&[&message[0]], &message);
            router.send(back.behind(&[&message[0]])).await.unwrap();
            dealer.says(&["sent", "same"]).await;
        }
    });
}

#[test]
fn our_router_talks_to_their_router() {
    whoever_binds(async |binds| {
        let mut ours = Router::with(Options::new().identity("ours")).unwrap();
        let mut theirs = Peer::with("ROUTER", r#""IDENTITY": "theirs""#).await;
        join(&ours, &mut theirs, binds).await;
        for (there, back) in exchanges() {
            theirs.tell(there.expect(1)).await;
            theirs.tell(back.reply()).await;
            ours.send(there.behind(&[b"theirs"])).await.unwrap();
            back.follows(&[b"theirs"], &ours.recv().await.unwrap());
            theirs.says(&["same", "sent"]).await;
        }
    });
}

/// All lengths that a frame's header tells apart, ends of buffers, and empty parts at every place.
fn payloads() -> Vec<Payload> {
    let lens: [&[usize]; 14] = [
        &[0],
        &[1],
        &[255],
        &[256],
        &[8_191],
        &[65_536],
        &[0, 5],
        &[5, 0, 5],
        &[5, 0],
        &[0, 0, 0],
        &[200_000, 0, 8_192],
        &[255, 256, 0, 65_536],
        &[7; 100],
        &[38, 39],
    ];
    lens.iter().enumerate().map(|(at, lens)| Payload::new(lens, at)).collect()
}

/// Each payload there, and another one back.
fn exchanges() -> Vec<(Payload, Payload)> {
    let mut back = payloads();
    back.rotate_left(5);
    payloads().into_iter().zip(back).collect()
}
