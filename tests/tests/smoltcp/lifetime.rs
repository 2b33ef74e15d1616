//! When do connections come and go, and how often does a loop wake for them that sleeps in between?

use crate::node::address;
use crate::small::{BEATING, DEVICE, PORT, Small};
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp::State;
use zeptomq_core::mechanism::Null;
use zeptomq_core::socket::Links;
use zeptomq_smoltcp::Port;
use zeptomq_tests::executor::Kind;

#[test]
fn who_connects_while_nobody_listens_comes_again() {
    let mut small = Small::new(2);
    small.nodes[1].add(Kind::Push, BEATING, 512, |port: &mut Port<1>, links: Links<'_, Null>| {
        port.connect(links, (address(DEVICE), PORT + 1)).unwrap();
    });
    let now = small.nodes[1].moment();
    small.nodes[1].machine(0).try_send(&[b"kept"], now).unwrap();
    small.wait(20_000, |_, _| false);
    // Each attempt is refused at once, and the delay grows to 10 s.
    assert!(small.nodes[1].polls < 60, "{} polls", small.nodes[1].polls);
    small.nodes[DEVICE].add(Kind::Pull, BEATING, 512, |port: &mut Port<3>, _: Links<'_, Null>| port.bind(PORT + 1));
    assert!(small.until_received(b"kept") <= 10_010);
}

#[test]
fn a_host_that_does_not_answer_is_dialled_again() {
    let mut small = Small::new(2);
    small.wire.borrow_mut().faults.lost = 1000;
    small.push(1, b"kept");
    small.wait(60_000, |_, _| false);
    assert!(small.nodes[1].polls < 80, "{} polls", small.nodes[1].polls);
    small.wire.borrow_mut().faults.lost = 0;
    assert!(small.until_received(b"kept") <= 13_100);
}

#[test]
fn an_answer_is_waited_for_for_three_seconds_and_each_attempt_has_a_port_of_its_own() {
    let mut small = Small::new(2);
    small.wire.borrow_mut().faults.lost = 1000;
    small.push(1, b"kept");
    let mut ports = Vec::new();
    for ms in [2900, 300, 2600, 800] {
        small.wait(ms, |_, _| false);
        ports.extend(small.nodes[1].local_ports());
    }
    assert!(ports.len() == 4 && ports[0] != ports[1] && ports[1] == ports[2] && ports[2] != ports[3], "{ports:?}");
}

#[test]
fn a_place_is_free_as_soon_as_both_sides_have_closed() {
    let mut small = Small::new(2);
    let stream = small.nodes[1].open(address(DEVICE), PORT);
    // Who says nothing is closed after 2 s.
    assert!(small.wait(2100, |nodes, _| nodes[1].state(stream) == State::CloseWait));
    assert_eq!(small.nodes[DEVICE].count(State::Listen), 2);
    small.nodes[1].stream(stream).close();
    small.wait(3, |_, _| false);
    assert_eq!(small.nodes[DEVICE].count(State::Listen), 3);
}

#[test]
fn a_place_is_free_as_soon_as_a_connection_was_aborted() {
    let mut small = Small::new(4);
    for index in [1, 2] {
        small.push(index, b"there");
    }
    assert!(small.wait(1000, |_, received| received.len() == 2));
    let third = small.nodes[3].open(address(DEVICE), PORT);
    assert!(small.wait(1000, |nodes, _| nodes[3].state(third) == State::Closed));
    assert_eq!(small.nodes[DEVICE].count(State::Listen), 1);
}

#[test]
fn a_peer_that_vanishes_is_noticed_and_its_place_is_free() {
    let mut small = Small::new(4);
    for index in [1, 2] {
        small.push(index, b"first");
    }
    small.wait(1000, |_, received| received.len() == 2);
    // One is switched off.
    let now = small.now_ms();
    small.reboot(1);
    small.wire.borrow_mut().faults.outages.push(now..now + 1);
    small.push(3, b"third");
    assert!(small.until_received(b"third") <= 10_000);
    assert_eq!(small.nodes[DEVICE].count(State::Established), 2);
}

#[test]
fn a_third_peer_is_turned_away_and_comes_in_when_one_leaves() {
    let mut small = Small::new(4);
    for index in [1, 2] {
        small.push(index, b"there");
    }
    assert!(small.wait(1000, |_, received| received.len() == 2));
    small.push(3, b"third");
    assert!(!small.wait(30_000, |_, received| received.len() == 3));
    // The place that is kept free for whoever comes is free again each time.
    assert_eq!(small.nodes[DEVICE].count(State::Established), 2);
    assert_eq!(small.nodes[DEVICE].count(State::Listen), 1);
    small.reboot(1);
    assert!(small.until_received(b"third") <= 15_000);
}

#[test]
fn a_peer_that_was_refused_for_its_type_is_connected_to_anew() {
    let mut small = Small::new(2);
    small.nodes[1].add(Kind::Push, BEATING, 512, |port: &mut Port<1>, links: Links<'_, Null>| {
        port.connect(links, (address(DEVICE), PORT + 1)).unwrap();
    });
    small.nodes[DEVICE].add(Kind::Pub, BEATING, 512, |port: &mut Port<2>, _: Links<'_, Null>| port.bind(PORT + 1));
    small.wait(5000, |_, _| false);
    let polls = small.nodes[1].polls;
    assert!(polls < 30, "{polls} polls");
    // What is there is restarted as what it should be.
    small.reboot(DEVICE);
    small.nodes[DEVICE].add(Kind::Pull, BEATING, 512, |port: &mut Port<2>, _: Links<'_, Null>| port.bind(PORT + 1));
    small.wait(6000, |_, _| false);
    let now = small.nodes[1].moment();
    small.nodes[1].machine(0).try_send(&[b"now"], now).unwrap();
    small.nodes[1].poll();
    assert!(small.until_received(b"now") <= 10);
}

#[test]
fn a_loop_that_sleeps_until_the_moment_that_it_was_told_wakes_for_what_there_is_and_no_more() {
    let mut small = Small::new(2);
    small.wait(100_000, |_, _| false);
    assert!(small.nodes[DEVICE].polls <= 2, "{} polls and nothing happened", small.nodes[DEVICE].polls);
    small.push(1, b"first");
    small.until_received(b"first");
    let before = [0, 1].map(|index| small.nodes[index].polls);
    small.wait(100_000, |_, _| false);
    // A second has a PING each way, the PONGs, and their acknowledgements.
    for (node, before) in small.nodes.iter().zip(before) {
        let polls = node.polls - before;
        assert!((100..=800).contains(&polls), "{polls} polls in 100 s of heartbeats");
    }
}

#[test]
fn handles_of_no_tcp_socket_are_places_that_nobody_has() {
    let mut small = Small::new(2);
    let mut lost = Port::new([SocketHandle::default(); 2]);
    let mut push = zeptomq_tests::machine::machine(Kind::Push, BEATING, Null::NEW);
    lost.bind(PORT);
    lost.connect(push.links().unwrap(), (address(1), PORT)).unwrap();
    small.nodes[1].insert(false, push, lost);
    small.wait(10_000, |_, _| false);
    assert!(small.nodes[1].polls < 60, "{} polls", small.nodes[1].polls);
}
