//! What does a peer cost that never reads what it is sent?

use crate::alone::Alone;
use crate::attack::{hear_last, leave, shake, shaken, wait_for_room};
use crate::good::serves;
use crate::types::{Service, kinds, service};
use std::io::{Read, Write};
use std::net::Shutdown;
use zeptomq::{Limit, Options, Rep};
use zeptomq_tests::executor::{Kind, Socket, Unsent};
use zeptomq_tests::tokio::{RUNTIME, TokioSubject, wait};
use zeptomq_tests::wire::message;

const MIB: usize = 1 << 20;
/// What is sent: so long a body, so often. More than the system takes for a peer that does not read.
const BODY: [u8; 1000] = [7; 1000];
const TIMES: usize = 64_000;

/// The queue of a peer is full at 2 MiB; it may be there twice while it grows.
const PEAK: usize = 2 * 2 * MIB + 2 * MIB;

/// 1.9, 7.2: a publisher drops for it, a ROUTER is told, the others wait; and the next peer is served as ever.
#[test]
fn who_never_reads_costs_what_a_queue_may_hold() {
    let alone = Alone::begin();
    for kind in kinds() {
        let mut socket = TokioSubject::bound(kind, Options::new(), &[]);
        let memory = alone.memory();
        let mut stream = shaken(&socket);
        let mut to = None;
        match service(kind) {
            // These say nothing of themselves; a REP is below.
            Service::Publishes | Service::Asks => continue,
            Service::Speaks if kind == Kind::Pull => continue,
            Service::Subscribes | Service::Shows => {
                stream.write_all(&message(&[b"\x01"])).unwrap();
                hear_last(&mut stream);
            }
            Service::AsksByName => {
                stream.write_all(&message(&[b"who"])).unwrap();
                to = socket.recv().unwrap().into_iter().next();
            }
            Service::Hears | Service::Speaks | Service::Answers => hear_last(&mut stream),
        }
        let parts: Vec<&[u8]> = to.iter().map(Vec::as_slice).chain([&BODY[..]]).collect();
        let unsent = (0..TIMES).find_map(|_| socket.try_send(&parts).err());
        match service(kind) {
            Service::Speaks if kind == Kind::Xsub => assert!(unsent.is_none() && socket.drops().queue_full > 0),
            Service::Subscribes | Service::Shows => assert!(unsent.is_none() && socket.drops().queue_full > 0),
            Service::AsksByName => assert_eq!(unsent, Some(Unsent::Full)),
            _ => assert_eq!(unsent, Some(Unsent::WouldBlock)),
        }
        memory.expect_peak(PEAK);
        serves(&mut socket, 1);
        memory.expect_peak(PEAK);
        // It goes, without having read a word.
        stream.shutdown(Shutdown::Both).unwrap();
        wait_for_room(&mut socket);
        serves(&mut socket, 0);
        memory.expect_left(MIB);
    }
}

/// Who asks and asks and reads no reply is not answered any more, and the next is.
#[test]
fn who_reads_no_reply_costs_what_a_queue_may_hold() {
    let alone = Alone::begin();
    let limit = Limit { messages: 1000, octets: MIB };
    let mut rep = Rep::with(Options::new().send_limit(limit).receive_limit(limit)).unwrap();
    let endpoint = {
        let _runtime = RUNTIME.enter();
        wait(rep.bind("tcp://127.0.0.1:0")).unwrap()
    };
    let address = endpoint.to_string().trim_start_matches("tcp://").to_owned();
    let memory = alone.memory();
    let deaf = shake(&address, Kind::Rep);
    let requests = message(&[b"", b"ask"]).repeat(1000);
    let mut asking = deaf.try_clone().unwrap();
    let asks = std::thread::spawn(move || (0..TIMES / 1000).all(|_| asking.write_all(&requests).is_ok()));
    let refused = wait(async {
        for _ in 0..TIMES {
            let (_, responder) = rep.accept().await.unwrap();
            if responder.reply(BODY.to_vec()).await.is_err() {
                return true;
            }
        }
        false
    });
    assert!(refused, "a queue without a limit");
    let mut good = shake(&address, Kind::Rep);
    good.write_all(&message(&[b"", b"good"])).unwrap();
    wait(async {
        loop {
            let (request, responder) = rep.accept().await.unwrap();
            let done = &request[0] == b"good";
            let replied = responder.reply("reply").await;
            if done {
                return replied.unwrap();
            }
        }
    });
    let mut heard = [0; 9];
    good.read_exact(&mut heard).unwrap();
    assert_eq!(heard[..], message(&[b"", b"reply"])[..]);
    memory.expect_peak(2 * (MIB + MIB) + 2 * MIB);
    deaf.shutdown(Shutdown::Both).unwrap();
    leave(good);
    asks.join().unwrap();
}
