//! Does each option do what it says? One test for each, which fails when the option is not read. (Those of TCP streams
//! cannot be seen from outside: their tests are beside the function that sets them up.)
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here is a test")]

mod support;

use std::time::{Duration, Instant};
use support::{is_closed, peer, shake, soon, stranger};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use zeptomq::{BindError, Dealer, Event, Limit, NotSent, Options, OptionsError, Policy, Pull, Push, Rep, Req, Router};

const LOOPBACK: &str = "tcp://127.0.0.1:0";

#[tokio::test]
async fn identity_is_what_a_router_sees() {
    let mut router = Router::new();
    let endpoint = router.bind(LOOPBACK).await.unwrap().to_string();
    let dealer = Dealer::with(Options::new().identity("device-7")).unwrap();
    dealer.connect(&endpoint).unwrap();
    dealer.send("hello").await.unwrap();
    let message = soon("the message", router.recv()).await.unwrap();
    assert_eq!((&message[0], &message[1]), (&b"device-7"[..], &b"hello"[..]));
}

#[tokio::test]
async fn an_identity_is_checked() {
    for identity in [&[0, 1][..], &[7; 256]] {
        let options = Options::new().identity(identity.to_vec());
        assert_eq!(Dealer::with(options).err(), Some(OptionsError::Identity));
    }
}

#[tokio::test]
async fn linger_bounds_how_long_closing_waits_for_a_peer_that_is_not_there() {
    let push = Push::with(Options::new().linger(Duration::from_millis(100))).unwrap();
    push.connect("tcp://127.0.0.1:1").unwrap();
    push.send("one").await.unwrap();
    push.send("two").await.unwrap();
    let start = Instant::now();
    let lost = soon("closing", push.close()).await.unwrap_err();
    assert_eq!(lost.messages, 2);
    assert!((Duration::from_millis(100)..Duration::from_secs(4)).contains(&start.elapsed()), "{:?}", start.elapsed());
}

#[tokio::test]
async fn binding_beyond_loopback_without_authentication_is_said_aloud() {
    for endpoint in ["tcp://*:0", "tcp://0.0.0.0:0", "tcp://[::]:0"] {
        let error = Pull::new().bind(endpoint).await.unwrap_err();
        assert!(matches!(error, BindError::Unauthenticated(_)), "{error}");
        assert!(error.to_string().contains("allow_unauthenticated()") && error.to_string().contains("--open"));
    }
    // The address of every interface, which a machine without a network has too; nobody else can reach the port here
    // before the socket is dropped at the end of the line.
    assert!(Pull::with(Options::new().allow_unauthenticated()).unwrap().bind("tcp://0.0.0.0:0").await.is_ok());
}

#[tokio::test]
async fn send_limit_bounds_what_waits_for_a_peer_in_messages_and_in_octets() {
    for (limit, body, accepted) in [
        (Limit { messages: 10, octets: 1 << 20 }, 1, 10),
        (Limit { messages: 1000, octets: 5000 }, 998, 5),
        (Limit { messages: 1000, octets: 5000 }, 1_000_000, 1),
    ] {
        let push = Push::with(Options::new().send_limit(limit).linger(Duration::ZERO)).unwrap();
        push.connect("tcp://127.0.0.1:1").unwrap();
        let sent = (0..2000).take_while(|_| push.try_send(vec![0; body]).is_ok()).count();
        assert_eq!(sent, accepted, "{limit:?}");
        let error = push.try_send("one more").unwrap_err();
        assert_eq!((error.reason, &error.message[0]), (NotSent::Full, &b"one more"[..]));
    }
}

#[tokio::test]
async fn receive_limit_stops_reading_a_peer_and_goes_on_when_half_is_taken() {
    let mut pull = Pull::with(Options::new().receive_limit(Limit { messages: 100, octets: 1 << 20 })).unwrap();
    let endpoint = pull.bind(LOOPBACK).await.unwrap();
    let mut raw = peer(&endpoint, "PUSH").await;
    let message = [&[2, 0, 0, 0, 0, 0, 0, 0x20, 0][..], &[7; 0x2000]].concat();
    // The system's buffers hold some of it; then a write gets stuck, for nobody reads.
    let mut sent = 0;
    while tokio::time::timeout(Duration::from_millis(300), raw.write_all(&message)).await.is_ok() {
        sent += 1;
        assert!(sent < 20_000, "160 MB were taken");
    }
    for _ in 0..sent {
        assert_eq!(soon("a message", pull.recv()).await.unwrap()[0].len(), 0x2000);
    }
}

#[tokio::test]
async fn receive_total_stops_reading_everybody_and_goes_on_when_half_is_taken() {
    let mut pull = Pull::with(Options::new().receive_total(1 << 20)).unwrap();
    let endpoint = pull.bind(LOOPBACK).await.unwrap();
    let message = [&[2, 0, 0, 0, 0, 0, 0, 0x20, 0][..], &[7; 0x2000]].concat();
    let mut raws = Vec::new();
    for _ in 0..4 {
        let mut raw = peer(&endpoint, "PUSH").await;
        let octets = message.repeat(100);
        raws.push(tokio::spawn(async move {
            raw.write_all(&octets).await.unwrap();
            raw
        }));
    }
    // Nobody tells when nobody reads any more: what waits does not change then.
    let mut waiting = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = pull.peers().iter().map(|peer| peer.unreceived.octets).sum::<usize>();
        if now == waiting && now > 0 {
            break;
        }
        waiting = now;
    }
    // An eighth of it is shared out, at least 64 KiB to each; and each may have a block in hand when that is reached.
    assert!(waiting <= (1 << 20) + 4 * (128 << 10), "{waiting}");
    for _ in 0..400 {
        assert_eq!(soon("a message", pull.recv()).await.unwrap()[0].len(), 0x2000);
    }
}

#[tokio::test]
async fn frame_len_max_closes_the_connection_before_the_body_arrives() {
    let pull = Pull::with(Options::new().frame_len_max(1000)).unwrap();
    let endpoint = pull.bind(LOOPBACK).await.unwrap();
    let mut raw = peer(&endpoint, "PUSH").await;
    raw.write_all(&[2, 0, 0, 0, 0, 0, 0, 3, 0xe9]).await.unwrap();
    assert!(is_closed(&mut raw).await);
}

#[tokio::test]
async fn message_len_max_closes_the_connection_of_many_small_parts() {
    let pull = Pull::with(Options::new().message_len_max(1000)).unwrap();
    let endpoint = pull.bind(LOOPBACK).await.unwrap();
    let mut raw = peer(&endpoint, "PUSH").await;
    raw.write_all(&[1, 0].repeat(100)).await.unwrap();
    assert!(is_closed(&mut raw).await);
}

#[tokio::test]
async fn overload_says_what_a_full_queue_does() {
    let limit = Limit { messages: 2, octets: 1 << 20 };
    let socket = |policy| {
        let options = Options::new().send_limit(limit).overload(policy).linger(Duration::ZERO);
        let push = Push::with(options).unwrap();
        push.connect("tcp://127.0.0.1:1").unwrap();
        push
    };
    let error = socket(Policy::Error);
    let dropping = socket(Policy::DropNewest);
    let waiting = socket(Policy::Wait);
    for push in [&error, &dropping, &waiting] {
        push.send("one").await.unwrap();
        push.send("two").await.unwrap();
    }
    assert_eq!(error.send("three").await.unwrap_err().reason, NotSent::Full);
    dropping.send("three").await.unwrap();
    assert_eq!((dropping.drops().queue_full, error.drops().queue_full), (1, 0));
    // Nothing can make it go on here, so any time that it waits will do.
    assert!(tokio::time::timeout(Duration::from_millis(50), waiting.send("three")).await.is_err());
}

#[tokio::test]
async fn reconnect_delays_grow_from_the_least_to_the_most() {
    let options = Options::new().reconnect(Duration::from_millis(8), Duration::from_millis(32)).linger(Duration::ZERO);
    let push = Push::with(options).unwrap();
    let mut monitor = push.monitor();
    push.connect("tcp://127.0.0.1:1").unwrap();
    let mut steps = Vec::new();
    while steps.len() < 5 {
        if let Some(Event::Retrying { delay, .. }) = soon("a retry", monitor.recv()).await {
            steps.push(delay.as_millis());
        }
    }
    for (step, most) in steps.iter().zip([8, 16, 32, 32, 32]) {
        assert!((most / 2..=most).contains(step), "{steps:?}");
    }
}

#[tokio::test]
async fn handshake_timeout_sends_a_silent_stranger_away_and_gives_up_on_a_silent_server() {
    let options = || Options::new().handshake_timeout(Duration::from_millis(100)).linger(Duration::ZERO);
    let pull = Pull::with(options()).unwrap();
    let endpoint = pull.bind(LOOPBACK).await.unwrap();
    let mut silent = stranger(&endpoint).await;
    let mut slow = stranger(&endpoint).await;
    slow.write_all(&[0xff, 0, 0]).await.unwrap();
    assert!(is_closed(&mut silent).await && is_closed(&mut slow).await);

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let push = Push::with(options()).unwrap();
    let mut monitor = push.monitor();
    push.connect(&format!("tcp://{}", listener.local_addr().unwrap())).unwrap();
    let _held = soon("the first connection", listener.accept()).await.unwrap();
    let event = soon("an event", monitor.recv()).await;
    assert!(matches!(event, Some(Event::Retrying { .. })), "{event:?}");
}

#[tokio::test]
async fn handshakes_max_sends_the_oldest_stranger_away_and_a_good_peer_is_served() {
    let mut pull = Pull::with(Options::new().handshakes_max(3)).unwrap();
    let endpoint = pull.bind(LOOPBACK).await.unwrap();
    let mut strangers = Vec::new();
    for _ in 0..4 {
        let mut stream = stranger(&endpoint).await;
        // Our greeting says that it was let in, so that the strangers come in this order.
        soon("the greeting", stream.read_exact(&mut [0; 64])).await.unwrap();
        strangers.push(stream);
    }
    assert!(is_closed(&mut strangers[0]).await);
    let mut good = peer(&endpoint, "PUSH").await;
    good.write_all(b"\0\x02hi").await.unwrap();
    assert_eq!(&soon("the message", pull.recv()).await.unwrap()[0], b"hi");
    shake_rest(&mut strangers[3]).await;
}

/// The youngest stranger was not sent away: it can still become a peer.
async fn shake_rest(stream: &mut tokio::net::TcpStream) {
    let mut opening = vec![0; 64];
    opening[0] = 0xff;
    opening[9] = 0x7f;
    opening[10..16].copy_from_slice(b"\x03\x01NULL");
    opening.extend(b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PUSH");
    stream.write_all(&opening).await.unwrap();
    let mut ready = [0; 28];
    soon("READY", stream.read_exact(&mut ready)).await.unwrap();
    assert_eq!(&ready[2..8], b"\x05READY");
}

#[tokio::test]
async fn heartbeat_pings_each_interval_and_drops_a_silent_peer() {
    let options = Options::new().heartbeat(Duration::from_millis(40), Duration::from_millis(400));
    let pull = Pull::with(options).unwrap();
    let endpoint = pull.bind(LOOPBACK).await.unwrap();
    let mut raw = peer(&endpoint, "PUSH").await;
    let mut ping = [0; 9];
    for _ in 0..3 {
        soon("a ping", raw.read_exact(&mut ping)).await.unwrap();
        assert_eq!(&ping, b"\x04\x07\x04PING\0\x04");
    }
    assert!(is_closed(&mut raw).await);
}

#[tokio::test]
async fn a_peer_that_says_anything_is_not_silent() {
    let options = Options::new().heartbeat(Duration::from_millis(50), Duration::from_millis(500));
    let mut pull = Pull::with(options).unwrap();
    let endpoint = pull.bind(LOOPBACK).await.unwrap();
    let mut raw = peer(&endpoint, "PUSH").await;
    // A frame of 30 octets, one at a time: for longer than the timeout no frame is whole.
    raw.write_all(&[0, 30]).await.unwrap();
    for octet in 0..30 {
        tokio::time::sleep(Duration::from_millis(30)).await;
        raw.write_all(&[octet]).await.unwrap();
    }
    assert_eq!(soon("the message", pull.recv()).await.unwrap()[0].len(), 30);
}

#[tokio::test]
async fn strict_requests_have_no_number_and_keep_the_turn() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut req = Req::with(Options::new().strict_requests()).unwrap();
    req.connect(&format!("tcp://{}", listener.local_addr().unwrap())).unwrap();
    let (mut raw, _) = soon("the connection", listener.accept()).await.unwrap();
    shake(&mut raw, "REP").await;
    req.send("Q").await.unwrap();
    let mut request = [0; 5];
    soon("the request", raw.read_exact(&mut request)).await.unwrap();
    assert_eq!(&request, b"\x01\0\0\x01Q");
    assert!(matches!(req.send("again").await.unwrap_err().reason, NotSent::Route(_)));
    raw.write_all(b"\x01\0\0\x01R").await.unwrap();
    assert_eq!(&soon("the reply", req.recv()).await.unwrap()[0], b"R");
}

#[tokio::test]
async fn options_out_of_range_are_named() {
    let zero = Limit { messages: 0, octets: 1 };
    let day = Duration::from_secs(86_400);
    for (options, error) in [
        (Options::new().send_limit(zero), OptionsError::Zero("send_limit.messages")),
        (Options::new().receive_limit(zero), OptionsError::Zero("receive_limit.messages")),
        (Options::new().receive_total(0), OptionsError::Zero("receive_total")),
        (Options::new().frame_len_max(0), OptionsError::Zero("frame_len_max")),
        (Options::new().message_len_max(0), OptionsError::Zero("message_len_max")),
        (Options::new().handshakes_max(0), OptionsError::Zero("handshakes_max")),
        (Options::new().linger(25 * day), OptionsError::TooLong("linger")),
        (Options::new().reconnect(day, 25 * day), OptionsError::TooLong("reconnect")),
        (Options::new().handshake_timeout(25 * day), OptionsError::TooLong("handshake_timeout")),
        (Options::new().heartbeat(day, Duration::from_secs(1)), OptionsError::Heartbeat),
        (Options::new().send_buffer(0), OptionsError::Zero("send_buffer")),
        (Options::new().receive_buffer(0), OptionsError::Zero("receive_buffer")),
        (Options::new().send_buffer(1 << 31), OptionsError::TooLarge("send_buffer")),
        (Options::new().receive_buffer(1 << 31), OptionsError::TooLarge("receive_buffer")),
        (Options::new().keepalive(Duration::from_millis(999), day / 24), OptionsError::Keepalive),
        (Options::new().keepalive(day / 24, Duration::ZERO), OptionsError::Keepalive),
        (Options::new().keepalive(day, day / 24), OptionsError::Keepalive),
    ] {
        assert_eq!(Rep::with(options).err(), Some(error));
    }
}
