//! Does a message of theirs pass through a fixed socket whose memory is far smaller?

use crate::run;
use std::net::TcpListener;
use std::time::{Duration, Instant as Clock};
use zeptomq_core::io::poll_stream;
use zeptomq_core::link::{Extent, Setup};
use zeptomq_core::mechanism::Null;
use zeptomq_core::message::Parts;
use zeptomq_core::pattern::Pull;
use zeptomq_core::socket::{FixedSocket, Memory};
use zeptomq_core::time::Instant;
use zeptomq_tests::python::{Payload, Peer};
use zeptomq_tests::tcp_end::TcpEnd;

#[test]
fn a_megabyte_of_theirs_passes_through_512_octets() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
        let receiving = tokio::task::spawn_blocking(move || receive(&listener));
        let mut push = Peer::start("PUSH").await;
        push.connect(&endpoint).await;
        let payload = Payload::new(&[5, 1 << 20], 7);
        push.must(payload.send(), "sent").await;
        let (parts, pieces) = receiving.await.unwrap();
        payload.follows(&[], &zeptomq::Message::multipart(parts));
        assert!(pieces >= (1 << 20) / 512, "{pieces} pieces");
    });
}

/// The parts of the first message, and how many pieces it came in.
fn receive(listener: &TcpListener) -> (Vec<Vec<u8>>, usize) {
    let mut memory = Memory::<Null, 1, 512, 128>::NEW;
    let setup = Setup { large_len_max: 1 << 20, ..Setup::DEFAULT };
    let mut pull = FixedSocket::new(Pull, Null::NEW, &mut memory, &setup);
    let mut stream = TcpEnd::new(listener.accept().unwrap().0);
    let begun = Clock::now();
    let peer = pull.links().accept(Instant::from_ms(0)).unwrap();
    let (mut parts, mut pieces) = (Vec::<Vec<u8>>::new(), 0);
    loop {
        assert!(begun.elapsed() < Duration::from_secs(20), "{pieces} pieces came");
        let now = Instant::from_ms(begun.elapsed().as_millis() as u32);
        poll_stream(&mut pull.links(), peer, &mut stream, &mut |_| (), now).unwrap();
        assert_eq!(pull.links().poll_failed(now), None);
        let Some(received) = pull.try_recv(now).unwrap() else { continue };
        pieces += 1;
        match received.extent() {
            Extent::More { left } => {
                parts.last_mut().unwrap().extend_from_slice(received.first());
                if left == 0 {
                    return (parts, pieces);
                }
            }
            _ => parts = received.parts().map(<[u8]>::to_vec).collect(),
        }
    }
}
