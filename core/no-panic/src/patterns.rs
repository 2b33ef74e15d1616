//! Can a pattern panic, whichever peers come and go and whatever a message holds?

use zeptomq_core::message::Parts;
use zeptomq_core::pattern::overload::{Load, Policy};
use zeptomq_core::pattern::req::Mode;
use zeptomq_core::pattern::{
    Dealer, Drops, Pair, Pattern, Pub, Publishes, Pull, Push, Reason, Receives, Rep, Req, Router, Sends, Sub, To,
    TopicLimits, Verbosity, Xpub, Xsub,
};
use zeptomq_core::peer::{PeerId, Side};
use zeptomq_core::storage::{Fixed, Interests, Slots, Storage, Topics};
use zeptomq_core::wire::{PeerInfo, SocketType};

use crate::unknown::{either, keep, octet, octets, size, some_of};

type Few = Fixed<4, 16>;

/// Calls what `pattern` offers, in any order.
pub fn call() {
    pushes(Push::<Few>::NEW);
    pulls(Pull);
    publishes(Pub::<Few>::NEW);
    subscribes(Sub::<Few>::NEW);
    let limits = TopicLimits { topics: size(), octets: size(), memory: size() };
    talks(Xpub::<Few>::new(limits, if either() { Verbosity::Changes } else { Verbosity::Everything }));
    publishes(Xpub::<Few>::NEW);
    talks(Xsub::<Few>::NEW);
    talks(Dealer::<Few>::NEW);
    talks(Pair::NEW);
    talks(Router::<Few>::NEW);
    talks(Rep::<Few>::NEW);
    talks(Req::<Few>::new(Mode::Relaxed, size() as u32));
    talks(Req::<Few>::new(Mode::Strict, size() as u32));
    topics::<<Few as Storage>::Topics>();
    interests::<<Few as Storage>::Interests>();
    load();
}

fn topics<T: Topics>() {
    let (mut topics, mut wanting) = (T::EMPTY, T::Slots::EMPTY);
    while either() {
        let peer = PeerId::new(size() as u16, size() as u16);
        let mut input = [0; 48];
        let topic = some_of(octets(&mut input));
        match size() {
            0 => keep(topics.add(topic, peer)),
            1 => keep(topics.remove(topic, peer)),
            2 => keep((topics.count(peer), topics.memory())),
            3 => keep(topics.widen(peer)),
            4 => topics.collect(topic, &mut wanting),
            5 => topics.forget(peer),
            6 => wanting.iter().for_each(keep),
            7 => keep(topics.forget_next(peer, either())),
            _ => wanting.clear(),
        }
    }
}

fn interests<I: Interests>() {
    let mut interests = I::EMPTY;
    while either() {
        let mut input = [0; 48];
        let topic = some_of(octets(&mut input));
        match size() {
            0 => keep(interests.add(topic)),
            1 => keep(interests.remove(topic)),
            2 => keep(interests.wants(topic)),
            3 => keep(interests.latest()),
            4 => keep(interests.change_after(size() as u64)),
            5 => keep(interests.has_cancelled()),
            _ => interests.forget_cancelled(size() as u64),
        }
    }
}

fn pushes(mut pattern: impl Sends) {
    while either() {
        peers(&mut pattern);
        with_message(|message| send(&mut pattern, message));
    }
}

fn publishes(mut pattern: impl Publishes) {
    keep(pattern.subscribers(&[octet()]));
    pushes(pattern);
}

fn pulls(mut pattern: impl Receives) {
    while either() {
        peers(&mut pattern);
        with_message(|message| receive(&mut pattern, message));
    }
}

fn subscribes(mut pattern: Sub<Few>) {
    while either() {
        let mut input = [0; 48];
        let topic = some_of(octets(&mut input));
        keep(pattern.subscribe(topic));
        keep(pattern.unsubscribe(topic));
        peers(&mut pattern);
        with_message(|message| receive(&mut pattern, message));
    }
}

fn talks(mut pattern: impl Sends + Receives) {
    while either() {
        peers(&mut pattern);
        with_message(|message| if either() { send(&mut pattern, message) } else { receive(&mut pattern, message) });
    }
}

fn peers(pattern: &mut impl Pattern) {
    let mut identity = [0; 300];
    match octet() {
        0 => keep(pattern.open(peer(), if either() { Side::Connect } else { Side::Accept })),
        1 => {
            let socket_type = SocketType::from_name(octets(&mut identity));
            keep(pattern.up(peer(), &PeerInfo { socket_type, identity: octets(&mut identity) }));
        }
        2 => pattern.down(peer()),
        3 => keep(pattern.poll_subscription(peer())),
        4 => keep(pattern.poll_cancelled(peer())),
        _ => pattern.close(peer()),
    }
}

fn send(pattern: &mut impl Sends, message: &(impl Parts + ?Sized)) {
    pattern.room(peer(), either());
    keep(pattern.handle_subscription(message));
    if let Ok(route) = pattern.route(message) {
        keep((route.skip, route.prefix));
        match route.to {
            To::One(to) => pattern.sent(to),
            To::All(audience) => audience.iter().for_each(keep),
        }
    }
}

fn receive(pattern: &mut impl Receives, message: &(impl Parts + ?Sized)) {
    keep(pattern.arrived(peer(), message));
    keep(pattern.may_take());
    keep(pattern.take(peer(), message));
    keep(pattern.identity(peer()).as_ref().map(AsRef::as_ref));
}

/// A message of any number of parts, some of them empty.
fn with_message(work: impl FnOnce(&[&[u8]])) {
    let (mut one, mut other) = ([0; 8], [0; 8]);
    let parts: [&[u8]; 4] = [octets(&mut one), &[], octets(&mut other), &[]];
    work(some_of(&parts));
}

fn peer() -> PeerId {
    PeerId::new(size() as u16, size() as u16)
}

fn load() {
    let (mut load, limit) = (any_load(), any_load());
    load.add(size());
    load.remove(any_load());
    keep((load.has_room(limit), load.is_relieved(limit)));
    keep(Policy::KeepLatest.drops());
    let mut drops = Drops::NONE;
    drops.count(if either() { Reason::Unasked } else { Reason::QueueFull });
    keep(drops);
}

fn any_load() -> Load {
    Load { messages: size(), octets: size() }
}
