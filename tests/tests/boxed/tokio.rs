//! Between two sockets on tokio, and between one of them and one in fixed memory.

use super::{CLIENT, SERVER};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};
use tokio::io::copy_bidirectional;
use zeptomq::{Dealer, Drops, Event, Limit, Message, Options, Policy, Pull, Push, Rep, Req, Router};
use zeptomq_tests::boxed::TestBox;
use zeptomq_tests::executor::{Config, Executor, Kind};
use zeptomq_tests::machine::machine;
use zeptomq_tests::tcp_end::TcpEnd;
use zeptomq_tests::tokio::{DEADLINE, RUNTIME, Tokio, options, wait};
use zeptomq_tests::world::World;

fn sealed(mechanism: TestBox) -> Options {
    sealed_with(mechanism, true)
}

fn sealed_with(mechanism: TestBox, heartbeat: bool) -> Options {
    let config = Config { identity: b"it", heartbeat, ..Config::default() };
    options(config).mechanism(mechanism).frame_len_max(1 << 20).send_limit(Limit { messages: 100, octets: 64 << 20 })
}

/// A part of that length, in which no octet could change its place unnoticed.
fn part(len: usize, seed: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 7 + at / 251 + seed) as u8).collect()
}

#[test]
fn messages_of_all_lengths_pass_both_ways() {
    let (mut dealer, mut router) = (Dealer::with(sealed(CLIENT)).unwrap(), Router::with(sealed(SERVER)).unwrap());
    wait(async {
        let at = router.bind("tcp://127.0.0.1:0").await.unwrap();
        dealer.connect(&at.to_string()).unwrap();
        for lens in [&[5][..], &[0], &[1, 0, 3], &[222, 223, 256, 257], &[70_000], &[70_000, 1, 300_000, 0], &[1 << 20]]
        {
            let parts: Vec<_> = lens.iter().enumerate().map(|(seed, len)| part(*len, seed)).collect();
            let body = Message::multipart(parts.clone());
            dealer.send(body.clone()).await.unwrap();
            let there = router.recv().await.unwrap();
            assert_eq!(there, Message::multipart([vec![b"it".to_vec()], parts].concat()), "{lens:?}");
            router.send(there).await.unwrap();
            assert_eq!(dealer.recv().await.unwrap(), body, "{lens:?}");
        }
    });
}

#[test]
fn many_messages_pass_in_order_while_heartbeats_do() {
    const MESSAGES: usize = 3000;
    let (push, mut pull) = (Push::with(sealed(CLIENT)).unwrap(), Pull::with(sealed(SERVER)).unwrap());
    wait(async {
        let at = pull.bind("tcp://127.0.0.1:0").await.unwrap();
        let mut monitor = push.monitor();
        push.connect(&at.to_string()).unwrap();
        let sender = tokio::spawn(async move {
            for number in 0..MESSAGES {
                if number % 1000 == 500 {
                    // A rest in which only heartbeats pass: longer than the silence that would end the link.
                    tokio::time::sleep(Duration::from_millis(5 * u64::from(Tokio::BEAT_MS))).await;
                }
                push.send(Message::multipart([number.to_be_bytes().to_vec(), part(number, number)])).await.unwrap();
            }
            push
        });
        for number in 0..MESSAGES {
            let message = pull.recv().await.unwrap();
            assert_eq!(message[0], number.to_be_bytes());
            assert!(message[1] == part(number, number), "{number}");
        }
        let _push = sender.await.unwrap();
        assert!(matches!(monitor.recv().await, Some(Event::Connected { .. })));
        let more = tokio::time::timeout(Duration::ZERO, monitor.recv()).await;
        assert!(more.is_err(), "{more:?}");
    });
}

#[test]
fn requests_are_answered() {
    let (mut req, mut rep) = (Req::with(sealed(CLIENT)).unwrap(), Rep::with(sealed(SERVER)).unwrap());
    wait(async {
        let at = rep.bind("tcp://127.0.0.1:0").await.unwrap();
        req.connect(&at.to_string()).unwrap();
        tokio::spawn(async move {
            while let Ok((request, responder)) = rep.accept().await {
                responder.reply(request).await.unwrap();
            }
        });
        for len in [1, 300, 70_000] {
            assert_eq!(req.request(part(len, 0)).await.unwrap(), Message::from(part(len, 0)));
        }
    });
}

#[test]
fn a_conversation_goes_on_over_the_next_connection() {
    let (push, mut pull) = (Push::with(sealed(CLIENT)).unwrap(), Pull::with(sealed(SERVER)).unwrap());
    wait(async {
        // What is between them can be cut.
        let at = pull.bind("tcp://127.0.0.1:0").await.unwrap().to_string();
        let between = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        push.connect(&format!("tcp://{}", between.local_addr().unwrap())).unwrap();
        let mut monitor = pull.monitor();
        for round in 0..4u8 {
            // Queued before the connection is there, but for the first bit.
            push.send(Message::multipart([part(70_000, 1), vec![round]])).await.unwrap();
            let (mut from, _) = between.accept().await.unwrap();
            let mut to = tokio::net::TcpStream::connect(at.trim_start_matches("tcp://")).await.unwrap();
            let relay = tokio::spawn(async move { copy_bidirectional(&mut from, &mut to).await });
            assert_eq!(pull.recv().await.unwrap(), Message::multipart([part(70_000, 1), vec![round]]));
            push.send(Message::multipart([vec![round], b"on".to_vec()])).await.unwrap();
            assert_eq!(pull.recv().await.unwrap(), Message::multipart([vec![round], b"on".to_vec()]));
            let mut lost = push.monitor();
            relay.abort();
            while !matches!(monitor.recv().await, Some(Event::Disconnected { .. })) {}
            while !matches!(lost.recv().await, Some(Event::Disconnected { .. })) {}
        }
        assert_eq!((push.drops().undelivered, pull.drops().undelivered), (0, 0));
    });
}

/// Here what waits is plain until it leaves, so what was half-written is sealed anew.
#[test]
fn a_half_written_message_is_sealed_anew_and_sent_whole() {
    // Without heartbeats: each connection that ends is one that is cut here.
    let (client, server) = (sealed_with(CLIENT, false), sealed_with(SERVER, false));
    let (push, mut pull) = (Push::with(client).unwrap(), Pull::with(server).unwrap());
    wait(async {
        let at = pull.bind("tcp://127.0.0.1:0").await.unwrap().to_string();
        let between = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        push.connect(&format!("tcp://{}", between.local_addr().unwrap())).unwrap();
        // More than the buffers of a loopback connection take.
        let bulk: Vec<_> = (0..16).map(|seed| part(1 << 20, seed)).collect();
        let bodies = [[vec![part(10, 0)], bulk].concat(), vec![part(70_000, 3)]];
        for body in &bodies {
            push.send(Message::multipart(body.clone())).await.unwrap();
        }
        for passed in [1_000, 1_500_000] {
            let (mut from, _) = between.accept().await.unwrap();
            let to = tokio::net::TcpStream::connect(at.trim_start_matches("tcp://")).await.unwrap();
            let (mut back, mut there) = to.into_split();
            let (from, mut answers) = from.split();
            let mut some = tokio::io::AsyncReadExt::take(from, passed);
            // So much passes, and then the connection is cut.
            tokio::select! {
                _ = tokio::io::copy(&mut some, &mut there) => (),
                _ = tokio::io::copy(&mut back, &mut answers) => (),
            }
        }
        let (mut from, _) = between.accept().await.unwrap();
        let mut to = tokio::net::TcpStream::connect(at.trim_start_matches("tcp://")).await.unwrap();
        tokio::spawn(async move { copy_bidirectional(&mut from, &mut to).await });
        for body in bodies {
            assert!(pull.recv().await.unwrap() == Message::multipart(body));
        }
        push.send("last").await.unwrap();
        assert_eq!(pull.recv().await.unwrap(), Message::from("last"));
    });
}

#[test]
fn another_secret_is_no_peer() {
    let (push, pull) = (Push::with(sealed(CLIENT)).unwrap(), Pull::with(sealed(TestBox::server(0))).unwrap());
    wait(async {
        let mut monitor = pull.monitor();
        let at = pull.bind("tcp://127.0.0.1:0").await.unwrap();
        push.connect(&at.to_string()).unwrap();
        assert!(matches!(monitor.recv().await, Some(Event::HandshakeFailed { .. })));
    });
}

/// Turns the world of a fixed socket in real time until `done`.
fn run(world: &mut World, start: Instant, mut done: impl FnMut(&mut World) -> bool) {
    loop {
        world.elapsed_ms = start.elapsed().as_millis() as u32;
        world.pump();
        if done(world) {
            return;
        }
        assert!(start.elapsed() < DEADLINE, "not in time; {:?}", world.failed());
        // The poll face has no event to wait for on a TCP stream.
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Sends what it receives back until that is as many messages.
fn echo(world: &mut World, start: Instant, messages: usize) {
    let (mut done, mut owed) = (0, None);
    run(world, start, |world| {
        let now = world.now();
        if owed.is_none() {
            owed = world.machine.try_recv(now).unwrap();
        }
        if let Some(message) = &owed {
            let parts: Vec<&[u8]> = message.iter().map(Vec::as_slice).collect();
            if world.machine.try_send(&parts, now).is_ok() {
                (done, owed) = (done + 1, None);
            }
        }
        done == messages
    });
    // Until the last has left.
    world.pump();
}

const BODIES: [&[usize]; 5] = [&[5], &[0, 1, 0], &[222, 223, 256], &[900], &[0]];

#[test]
fn a_fixed_socket_and_one_on_tokio_understand_each_other() {
    for fixed_connects in [true, false] {
        let config = Config { identity: b"fixed", heartbeat: true, ..Config::default() };
        let start = Instant::now();
        let dealer = Dealer::with(sealed(if fixed_connects { SERVER } else { CLIENT })).unwrap();
        let mut world = World::new(machine(Kind::Dealer, config, if fixed_connects { CLIENT } else { SERVER }));
        if fixed_connects {
            let peer = world.machine.connect().unwrap();
            let at = wait(dealer.bind("tcp://127.0.0.1:0")).unwrap().to_string();
            world.attach(peer, TcpEnd::new(TcpStream::connect(at.trim_start_matches("tcp://")).unwrap()));
        } else {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let _runtime = RUNTIME.enter();
            dealer.connect(&format!("tcp://{}", listener.local_addr().unwrap())).unwrap();
            world.accept(TcpEnd::new(listener.accept().unwrap().0));
        }
        let (sender, mut receiver) = dealer.split();
        let talk = RUNTIME.spawn(async move {
            for lens in BODIES {
                let body = Message::multipart(lens.iter().map(|len| part(*len, 3)));
                sender.send(body.clone()).await.unwrap();
                assert_eq!(receiver.recv().await.unwrap(), body);
            }
        });
        echo(&mut world, start, BODIES.len());
        run(&mut world, start, |_| talk.is_finished());
        wait(talk).unwrap();
        assert!(world.failed().is_empty(), "{:?}", world.failed());
    }
}

/// What is sealed already leaves whole; what makes room waits behind it.
#[test]
fn messages_make_room_behind_one_that_has_left_in_part() {
    for (policy, heard) in [(Policy::DropOldest, 97..=100), (Policy::KeepLatest, 100..=100)] {
        let limit = Limit { messages: 4, octets: 1 << 20 };
        let push = Push::with(sealed(CLIENT).overload(policy).send_limit(limit)).unwrap();
        let mut pull = Pull::with(sealed(SERVER).receive_limit(Limit { messages: 1, octets: 1 })).unwrap();
        wait(async {
            let at = pull.bind("tcp://127.0.0.1:0").await.unwrap();
            push.connect(&at.to_string()).unwrap();
            push.wait_for_peers(1).await;
            // The puller takes one: then the connection fills, until a message stays in the middle of it.
            let mut bulks = 0u8;
            while bulks < 20 || push.drops() == Drops::NONE {
                push.send(Message::multipart([vec![b'b', bulks], part(1 << 20, bulks.into())])).await.unwrap();
                bulks += 1;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            for number in 1..=100u8 {
                push.send(Message::multipart([b"t".to_vec(), vec![number]])).await.unwrap();
            }
            let mut numbers = Vec::new();
            let mut last = None;
            while numbers.last() != Some(&100) {
                let message = pull.recv().await.unwrap();
                if message[0] == b"t"[..] {
                    numbers.push(message[1][0]);
                } else {
                    let bulk = message[0][1];
                    assert!(last < Some(bulk) && message[1] == part(1 << 20, bulk.into()));
                    last = Some(bulk);
                }
            }
            assert_eq!(numbers, heard.clone().collect::<Vec<u8>>());
        });
    }
}
