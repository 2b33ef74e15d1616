//! Does a poll that could not do all that there was to do say so?

use crate::node::address;
use smoltcp::iface::{Config, Interface, SocketSet};
use smoltcp::phy::{Loopback, Medium};
use smoltcp::socket::tcp;
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpCidr};
use zeptomq_core::link::Setup;
use zeptomq_core::mechanism::Null;
use zeptomq_core::pattern::Pub;
use zeptomq_core::socket::{FixedSocket, Memory};
use zeptomq_core::storage::Fixed;
use zeptomq_smoltcp::{AnyPort, Port, poll, tcp_socket};
use zeptomq_tests::wire::{opening, subscribe};

#[test]
fn a_poll_that_leaves_octets_unread_is_to_be_called_again_at_once() {
    let now = Instant::from_millis(1);
    let mut device = Loopback::new(Medium::Ip);
    let mut iface = Interface::new(Config::new(HardwareAddress::Ip), &mut device, now);
    iface.update_ip_addrs(|addresses| addresses.push(IpCidr::new(address(0), 8)).unwrap());
    let mut buffers = [[(); 2]; 2].map(|two| two.map(|()| vec![0; 60_000]));
    let mut sockets = SocketSet::new(Vec::new());
    let [ours, theirs] = buffers.each_mut().map(|[rx, tx]| sockets.add(tcp_socket(rx, tx)));

    // Much is read in small pieces.
    let mut memory = Memory::<Null, 1, 64, 64>::NEW;
    let mut publisher = FixedSocket::new(Pub::<Fixed<1>>::NEW, Null::NEW, &mut memory, &Setup::DEFAULT);
    let mut port = Port::new([ours]);
    port.bind(5556);
    let mut again = 0;
    let mut settle = |sockets: &mut SocketSet<'_>, iface: &mut Interface| {
        let mut ports = [(publisher.links(), &mut port as &mut dyn AnyPort<Null>)];
        // What it sends comes back as if a device had woken it.
        for _ in 0..100 {
            let next = poll(&mut device, iface, sockets, &mut ports, &mut |octets| octets.fill(3), now);
            let is_at_once = next.is_some_and(|next| next <= now);
            let unread = sockets.get::<tcp::Socket<'_>>(ours).recv_queue();
            assert!(is_at_once || unread == 0, "{unread} octets are left");
            again += usize::from(is_at_once);
        }
    };
    settle(&mut sockets, &mut iface);
    let peer = sockets.get_mut::<tcp::Socket<'_>>(theirs);
    peer.connect(iface.context(), (address(0), 5556), 50_000).unwrap();
    settle(&mut sockets, &mut iface);
    let said = [opening("SUB", b""), subscribe(b"topic").repeat(2000)].concat();
    let peer = sockets.get_mut::<tcp::Socket<'_>>(theirs);
    assert_eq!(peer.send_slice(&said), Ok(said.len()));
    settle(&mut sockets, &mut iface);
    assert_eq!(sockets.get::<tcp::Socket<'_>>(ours).recv_queue(), 0);
    assert!(again > 0, "it was all read at once");
}

#[test]
fn a_poll_that_could_not_dial_is_to_be_called_again() {
    // The board has no address yet.
    let mut now = Instant::from_millis(1);
    let mut device = Loopback::new(Medium::Ip);
    let mut iface = Interface::new(Config::new(HardwareAddress::Ip), &mut device, now);
    let mut buffers = [vec![0; 512], vec![0; 512]];
    let [rx, tx] = buffers.each_mut();
    let mut sockets = SocketSet::new(Vec::new());
    let handle = sockets.add(tcp_socket(rx, tx));
    let mut memory = Memory::<Null, 1, 64, 64>::NEW;
    let mut publisher = FixedSocket::new(Pub::<Fixed<1>>::NEW, Null::NEW, &mut memory, &Setup::DEFAULT);
    let mut port = Port::new([handle]);
    port.connect(publisher.links(), (address(1), 5556)).unwrap();
    for polls in 0..20 {
        if polls == 10 {
            iface.update_ip_addrs(|addresses| addresses.push(IpCidr::new(address(0), 8)).unwrap());
        }
        let mut ports = [(publisher.links(), &mut port as &mut dyn AnyPort<Null>)];
        let next = poll(&mut device, &mut iface, &mut sockets, &mut ports, &mut |octets| octets.fill(3), now);
        let next = next.unwrap_or_else(|| panic!("it would sleep for ever behind {polls} polls"));
        assert!(next > now, "it does not sleep");
        if sockets.get::<tcp::Socket<'_>>(handle).state() == tcp::State::SynSent {
            assert!(polls >= 10);
            return;
        }
        now = next;
    }
    panic!("it never dials");
}
