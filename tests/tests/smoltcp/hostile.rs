//! Can whoever comes to a port lock others out of it, or use it up?

use crate::node::address;
use crate::small::{BEATING, DEVICE, PORT, Small};
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::socket::tcp::State;
use smoltcp::wire::{IpAddress, IpProtocol, IpRepr, Ipv4Packet, TcpControl, TcpPacket, TcpRepr, TcpSeqNumber};
use zeptomq_core::mechanism::Null;
use zeptomq_core::socket::Links;
use zeptomq_smoltcp::Port;
use zeptomq_tests::chance::Chance;
use zeptomq_tests::executor::Kind;
use zeptomq_tests::wire::{message, opening};

/// Somebody who says nothing.
const STRANGER: usize = 1;
/// Somebody who is welcome.
const GUEST: usize = 2;

#[test]
fn strangers_that_sit_on_every_place_lock_nobody_out() {
    let mut small = Small::new(3);
    for _ in 0..5 {
        small.nodes[STRANGER].open(address(DEVICE), PORT);
        small.wait(20, |_, _| false);
    }
    small.push(GUEST, b"in");
    assert!(small.until_received(b"in") <= 2500);
}

#[test]
fn strangers_that_never_stop_coming_lock_nobody_out_for_long() {
    let mut small = Small::new(3);
    small.push(GUEST, b"before");
    small.until_received(b"before");
    for _ in 0..40 {
        small.nodes[STRANGER].open(address(DEVICE), PORT);
        small.wait(100, |_, _| false);
    }
    // Who is there stays.
    let now = small.nodes[GUEST].moment();
    small.nodes[GUEST].machine(0).try_send(&[b"during"], now).unwrap();
    small.nodes[GUEST].poll();
    assert!(small.until_received(b"during") <= 10);
    small.reboot(STRANGER);
    small.push(STRANGER, b"after");
    assert!(small.until_received(b"after") <= 2500);
}

#[test]
fn who_never_closes_its_half_blocks_no_place() {
    let mut small = Small::new(3);
    for round in 0..20 {
        let streams = [(); 3].map(|()| small.nodes[STRANGER].open(address(DEVICE), PORT));
        small.wait(300, |_, _| false);
        // Each is closed by us for what it says, and answers nothing to that.
        for stream in streams {
            let _ = small.nodes[STRANGER].stream(stream).send_slice(&[b'x'; 64]);
        }
        small.wait(300 + round * 50, |_, _| false);
    }
    small.push(GUEST, b"in");
    assert!(small.until_received(b"in") <= 2500);
}

#[test]
fn what_is_half_open_or_half_closed_is_forgotten_after_two_seconds() {
    let mut small = Small::new(2);
    small.wait(1, |_, _| false);
    small.wire.borrow_mut().inject(DEVICE, syn(IpAddress::v4(10, 0, 0, 100), 1024, 1));
    let stream = small.nodes[STRANGER].open(address(DEVICE), PORT);
    small.wait(100, |_, _| false);
    small.nodes[STRANGER].stream(stream).send_slice(&[b'x'; 64]).unwrap();
    small.wait(1800, |_, _| false);
    assert_eq!(small.nodes[DEVICE].count(State::Listen), 1);
    small.wait(400, |_, _| false);
    assert_eq!(small.nodes[DEVICE].count(State::Listen), 3);
}

#[test]
fn a_flood_of_syns_disturbs_nobody_who_is_there_and_is_over_with_it() {
    let mut small = Small::new(4);
    small.push(GUEST, b"before");
    small.until_received(b"before");
    let mut chance = Chance(3);
    for count in 0..600u32 {
        // From addresses that nobody has.
        let from = IpAddress::v4(10, 0, 0, 100 + (chance.of(0..100) as u8));
        let frame = syn(from, 1024 + count as u16, chance.draw() as i32);
        small.wire.borrow_mut().inject(DEVICE, frame);
        small.wait(5, |_, _| false);
        if count % 100 == 50 {
            let now = small.nodes[GUEST].moment();
            let message = format!("during {count}");
            small.nodes[GUEST].machine(0).try_send(&[message.as_bytes()], now).unwrap();
            small.nodes[GUEST].poll();
            assert!(small.until_received(message.as_bytes()) <= 10);
        }
    }
    small.push(3, b"after");
    assert!(small.until_received(b"after") <= 4000);
}

fn syn(from: IpAddress, port: u16, number: i32) -> Vec<u8> {
    let tcp = TcpRepr {
        src_port: port,
        dst_port: PORT,
        control: TcpControl::Syn,
        seq_number: TcpSeqNumber(number),
        ack_number: None,
        window_len: 1000,
        window_scale: None,
        max_seg_size: Some(1000),
        sack_permitted: false,
        sack_ranges: [None; 3],
        timestamp: None,
        payload: &[],
    };
    let to = address(DEVICE);
    let ip = IpRepr::new(from, to, IpProtocol::Tcp, tcp.buffer_len(), 64);
    #[allow(irrefutable_let_patterns, reason = "with every feature there is IPv6 too")]
    let IpRepr::Ipv4(header) = ip else { panic!("the wire is of IPv4") };
    let mut frame = vec![0; header.buffer_len() + tcp.buffer_len()];
    let sums = ChecksumCapabilities::default();
    let mut packet = Ipv4Packet::new_unchecked(&mut frame[..]);
    header.emit(&mut packet, &sums);
    tcp.emit(&mut TcpPacket::new_unchecked(packet.payload_mut()), &from, &to, &sums);
    frame
}

#[test]
fn ten_thousand_connections_one_after_another_leave_nothing_behind() {
    let mut small = Small::new(3);
    for count in 0..10_000u32 {
        let stream = small.nodes[STRANGER].open(address(DEVICE), PORT);
        let is_open = small.wait(1000, |nodes, _| nodes[STRANGER].state(stream) == State::Established);
        assert!(is_open, "the port is shut after {count}");
        let node = &mut small.nodes[STRANGER];
        match count % 5 {
            0 => node.stream(stream).close(),
            1 => node.stream(stream).abort(),
            // It says what a peer says, and goes.
            2 | 3 => {
                let said = [opening("PUSH", b""), message(&[b"bye"])].concat();
                node.stream(stream).send_slice(&said).unwrap();
                node.poll();
                if count % 2 == 0 { node.stream(stream).close() } else { node.stream(stream).abort() }
            }
            _ => (),
        }
        small.wait(6, |_, _| false);
        small.nodes[STRANGER].remove(stream);
    }
    small.wait(5000, |_, _| false);
    assert_eq!(small.nodes[DEVICE].count(State::Listen), 3);
    small.push(GUEST, b"in");
    assert!(small.until_received(b"in") <= 10);
}

#[test]
fn peers_that_leave_unread_messages_use_up_no_place() {
    let mut small = Small::new(3);
    let port = PORT + 1;
    // More peers than places, for what they said waits for a user who takes nothing.
    let config = zeptomq_tests::executor::Config { two_peers: false, ..BEATING };
    small.nodes[DEVICE].add(Kind::Dealer, config, 512, |at: &mut Port<2>, _: Links<'_, Null>| at.bind(port));
    for count in 0..8u8 {
        let stream = small.nodes[STRANGER].open(address(DEVICE), port);
        let is_open = small.wait(1000, |nodes, _| nodes[STRANGER].state(stream) == State::Established);
        assert!(is_open, "the port is shut after {count}");
        let said = [opening("DEALER", b""), message(&[&[count]])].concat();
        small.nodes[STRANGER].stream(stream).send_slice(&said).unwrap();
        small.wait(10, |_, _| false);
        small.nodes[STRANGER].stream(stream).close();
        small.wait(20, |_, _| false);
        small.nodes[STRANGER].remove(stream);
    }
    let now = small.nodes[DEVICE].moment();
    let dealer = small.nodes[DEVICE].machine(1);
    let taken: Vec<Vec<u8>> =
        std::iter::from_fn(|| dealer.try_recv(now).unwrap()).map(|parts| parts.concat()).collect();
    assert_eq!(taken, (0..8).map(|count| vec![count]).collect::<Vec<_>>());
}
