//! Which socket types are attacked, and what does a good peer do with each?

use zeptomq_tests::executor::Kind;

/// All that are attacked. A new type joins by a line here.
pub(crate) const TYPES: [(Kind, Service); 11] = [
    (Kind::Push, Service::Hears),
    (Kind::Pull, Service::Speaks),
    (Kind::Pub, Service::Subscribes),
    (Kind::Sub, Service::Publishes),
    (Kind::Req, Service::Answers),
    (Kind::Rep, Service::Asks),
    (Kind::Dealer, Service::Speaks),
    (Kind::Router, Service::AsksByName),
    (Kind::Pair, Service::Speaks),
    (Kind::Xpub, Service::Shows),
    (Kind::Xsub, Service::Speaks),
];

/// What a good peer does with a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Service {
    /// It hears a message.
    Hears,
    /// It sends a message.
    Speaks,
    /// It subscribes and hears a message.
    Subscribes,
    /// It subscribes, which is shown, and hears a message.
    Shows,
    /// It hears of a subscription and sends a message.
    Publishes,
    /// It sends a request and hears the reply.
    Asks,
    /// The same, and the socket knows it by its name.
    AsksByName,
    /// It hears a request and replies.
    Answers,
}

/// The types.
pub(crate) fn kinds() -> impl Iterator<Item = Kind> {
    TYPES.into_iter().map(|(kind, _)| kind)
}

/// What a good peer does with a socket of this type.
pub(crate) fn service(kind: Kind) -> Service {
    TYPES.iter().find(|(known, _)| *known == kind).expect("a type that is attacked").1
}

/// Whether strangers that are up keep everybody else out: that is what the type is for.
pub(crate) fn is_exclusive(kind: Kind) -> bool {
    kind == Kind::Pair
}
