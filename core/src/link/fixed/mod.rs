//! What does a link look like that has its octets in arrays of fixed size?
//!
//! ```text
//!  rx   │ used │ message that waits │ next message, so far │ not read yet │ window │
//!  tx   │ used │ message that leaves │ further messages │ room │
//! ```
//! One whole message at a time waits in `rx` for the user and is read where it lies. A message stays in `tx` until its
//! last octet has left, so that a lost connection can start it over.
//!
//! The arrays are not part of the link, but lent to each call: so there is one code for links of all sizes.

mod control;
mod error;
mod message;
#[cfg_attr(not(feature = "pieces"), path = "no_pieces.rs")]
mod pieces;
mod reading;
mod rx;
mod setup;
mod tx;

use super::handshake::{Handshake, HandshakeError};
use super::heartbeat::Heartbeat;
use super::reader::{self, OnlyWindow};
use super::writer::Writer;
use crate::mechanism::{Mechanism, Open};
use crate::time::Instant;
use crate::wire::{Command, SocketType, Subscription, Version};
use control::Control;
use core::cell::Cell;
use core::ops::Range;
pub use error::LinkError;
use message::Seals;
pub use message::{FixedMessage, Outgoing};
pub use pieces::Extent;
use pieces::Passing;
use reading::read;
use rx::Rx;
pub use setup::{Name, Setup};
use tx::Tx;

/// A link in two arrays of at most 65,535 octets, `rx` and `tx`, the same ones in each call: one message that arrives must
/// fit in the one, and all that wait to leave in the other.
// In this order: what is near the start is reached by shorter instructions, and the octets are far.
#[repr(C)]
pub struct FixedLink<M: Mechanism> {
    rx: Rx,
    tx: Tx,
    stage: Stage<M>,
    passing: Passing,
    control: Control,
}

/// What a socket wants of what arrives.
#[derive(Clone, Copy, Debug)]
pub struct Wants {
    /// What takes a subscription in, for who listens to them.
    listen: Option<rx::Listen>,
    /// The longest frame that comes in pieces, in octets.
    large_len_max: usize,
}

impl Wants {
    /// Whether it listens to subscriptions, and the longest frame that comes in pieces, in octets.
    pub const fn new<M: Mechanism>(subscriptions: bool, large_len_max: usize) -> Self {
        // Named here alone, so that it is linked only for who listens.
        let listen: Option<rx::Listen> = if subscriptions { Some(Rx::finish_subscription::<M::Open>) } else { None };
        Self { listen, large_len_max }
    }
}

#[repr(u8)]
enum Stage<M: Mechanism> {
    /// No connection.
    Down,
    /// A connection whose handshake is not over; the version is known once the peer was introduced.
    Opening(Handshake<M>, Option<Version>),
    /// A connection that carries messages.
    Up(Traffic<M>),
    /// The connection is to be closed; what arrived before is read when it is.
    Failed(Option<Reader<M::Open>>),
    /// The connection is lost, and what arrived before is still being read, if there is any.
    Ending(Option<Reader<M::Open>>),
}

/// A reader whose array is the only limit.
type Reader<O> = reader::Reader<O, OnlyWindow>;

struct Traffic<M: Mechanism> {
    reader: Reader<M::Open>,
    writer: Writer<M::Seal>,
    heartbeat: Heartbeat,
    version: Version,
}

/// The longest topic that a link can tell its peer of, in octets.
pub const TOPIC_LEN_MAX: usize = 64;

/// What a step of reading came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stepped {
    /// Nothing more can be read for now.
    Idle,
    /// Something was read; step again.
    On,
    /// The peer said who it is, in metadata that lies here in the array for what arrives: `PeerInfo::decode` reads it. Step
    /// again.
    Introduced(Range<usize>),
    /// The connection was lost before, and all that had arrived is read.
    Ended,
}

impl Stepped {
    const fn further(is_read: bool) -> Self {
        if is_read { Self::On } else { Self::Idle }
    }
}

impl<M: Mechanism> FixedLink<M> {
    /// A link without a connection.
    pub const NEW: Self =
        Self { stage: Stage::Down, rx: Rx::EMPTY, passing: Passing::Nothing, tx: Tx::EMPTY, control: Control::EMPTY };

    /// A connection is there: the handshake begins. Call it only after the former one has ended.
    pub fn attach(&mut self, mechanism: M, socket_type: SocketType, setup: &Setup, rx_len: usize, now: Instant) {
        self.rx.clear();
        self.passing = Passing::Nothing;
        self.control.clear();
        let deadline = now.after_ms(setup.handshake_ms);
        self.stage = Stage::Opening(Handshake::new(mechanism, socket_type, rx_len, deadline), None);
    }

    /// The connection is gone. What arrived whole is still read, until [`Stepped::Ended`]. What waits to leave is to be
    /// discarded, or started over.
    pub fn detach(&mut self) {
        self.control.clear();
        self.end(true);
    }

    /// A message that had left in part is to leave on the next connection. One whose frames were sealed for this one cannot:
    /// it is dropped. Returns how many were.
    pub fn start_over(&mut self, tx: &[u8]) -> usize {
        self.tx.rewind(tx, M::Open::CLEAR)
    }

    /// Drops what waits to leave and says how many messages that were.
    pub fn discard(&mut self) -> usize {
        self.tx.discard()
    }

    /// Forgets everything, for the next tenant.
    pub fn clear(&mut self) {
        self.stage = Stage::Down;
        self.rx.clear();
        self.passing = Passing::Nothing;
        self.tx.clear();
        self.control.clear();
    }

    /// Whether messages can pass.
    pub fn is_up(&self) -> bool {
        matches!(self.stage, Stage::Up(_))
    }

    /// Whether nothing is connected, and nothing of a lost connection is left to be read.
    pub fn is_down(&self) -> bool {
        matches!(self.stage, Stage::Down)
    }

    /// Whether the connection is lost, and what waits is a message of which the user has seen nothing.
    pub fn is_leaving(&self) -> bool {
        matches!(self.stage, Stage::Ending(_)) && self.rx.has_message() && !self.is_passing()
    }

    /// While the handshake is not over: whether the peer has sent its greeting, and when it fails.
    pub fn handshake(&self) -> Option<(bool, Instant)> {
        match &self.stage {
            Stage::Opening(handshake, _) => Some((handshake.is_greeted(), handshake.poll_timeout())),
            _ => None,
        }
    }

    /// Where octets that arrive are to be put; empty while a message waits to be taken and nothing more fits.
    pub fn receive_window<'a>(&mut self, rx: &'a mut [u8]) -> &'a mut [u8] {
        match self.stage {
            Stage::Opening(..) | Stage::Up(_) => self.rx.window(rx),
            Stage::Down | Stage::Failed(_) | Stage::Ending(_) => &mut [],
        }
    }

    /// So many octets were put into the window.
    pub fn commit(&mut self, len: usize, rx_len: usize, now: Instant) {
        self.rx.commit(len, rx_len);
        if let Stage::Up(traffic) = &mut self.stage {
            traffic.heartbeat.heard(now);
        }
    }

    /// Whether something may be there to be read: octets, or the end of a handshake.
    pub fn may_read(&self) -> bool {
        !self.is_up() || self.rx.has_unread()
    }

    /// Reads one step further, up to the end of the message behind the one that waits. Call it until it answers
    /// [`Stepped::Idle`] or [`Stepped::Ended`]; then there may be a [`FixedLink::message`].
    ///
    /// For who wants subscriptions, one in a command becomes the message that says the same.
    pub fn step(&mut self, rx: &mut [u8], setup: &Setup, now: Instant, wants: Wants) -> Result<Stepped, LinkError> {
        match &mut self.stage {
            Stage::Down | Stage::Failed(_) => Ok(Stepped::Idle),
            Stage::Opening(_, Some(_)) => {
                self.establish(setup, rx.len(), now);
                Ok(Stepped::further(self.is_up()))
            }
            Stage::Opening(handshake, version) => {
                let (used, introduced) = handshake.handle(self.rx.unread(rx)).map_err(LinkError::Handshake)?;
                let Some(introduced) = introduced else {
                    self.rx.skip(rx, used);
                    return Ok(Stepped::further(used > 0));
                };
                *version = Some(introduced.version);
                // What is used up lies where it was: nothing of this connection waits before it.
                let (start, Range { start: from, end: to }) = (self.rx.position(), introduced.metadata);
                self.rx.skip(rx, used);
                Ok(Stepped::Introduced(start + from..start + to))
            }
            Stage::Up(Traffic { reader, heartbeat, .. }) => {
                let unread = (&mut self.rx, &mut self.passing, rx);
                read(reader, Some(heartbeat), wants, unread).map(Stepped::further)
            }
            Stage::Ending(reader) => {
                let unread = (&mut self.rx, &mut self.passing, rx);
                if reader.as_mut().is_some_and(|reader| read(reader, None, wants, unread) == Ok(true)) {
                    return Ok(Stepped::On);
                }
                if self.rx.has_message() {
                    return Ok(Stepped::Idle);
                }
                if self.passing.tear() {
                    // What has come behind the pieces is octets of a part: no frame is looked for in them.
                    *reader = None;
                    return Ok(Stepped::Idle);
                }
                self.stage = Stage::Down;
                self.rx.clear();
                Ok(Stepped::Ended)
            }
        }
    }

    /// The whole message that waits.
    pub fn message<'a>(&self, rx: &'a [u8]) -> Option<FixedMessage<'a>> {
        let bare = self.passing.bare();
        self.rx.message(rx).map(|frames| FixedMessage { frames, bare, seals: seals::<M::Open>() })
    }

    /// Whether what waits belongs to a message whose beginning the user has taken.
    pub fn has_piece(&self) -> bool {
        self.passing.has_piece(&self.rx)
    }

    /// Whether more is to come of a message whose beginning the user has taken.
    pub fn is_passing(&self) -> bool {
        self.passing.bare().is() || self.has_piece()
    }

    /// How much of a message it is that waits.
    pub fn extent(&self) -> Extent {
        self.passing.extent()
    }

    /// Puts a subscription there as the message that waits, in the place of the one that waited, which is longer. When the
    /// link has ended, it ends again behind that message.
    pub fn put_subscription(&mut self, rx: &mut [u8], subscription: &Subscription<'_>) {
        self.rx.put_subscription::<M::Open>(rx, subscription);
        if self.is_down() {
            self.stage = Stage::Ending(None);
        }
    }

    /// Lets go of the message that waited, which the user has seen; step again to find the next.
    pub fn release_message(&mut self) {
        self.passing.taken();
        self.rx.release_message();
    }

    /// Drops the message that waited, and what is still to come of it; step again to find the next.
    pub fn drop_message(&mut self) {
        self.passing.refused();
        self.rx.release_message();
    }

    /// How long a message will be on the wire, in octets.
    pub fn len_of(message: &Outgoing<'_>) -> usize {
        tx::message_len::<M::Seal>(message)
    }

    /// Appends a message of at least one part and of this [`FixedLink::len_of`], whole or not at all; whether there was
    /// room. It can be queued before there is a connection.
    pub fn push(&mut self, tx: &mut [u8], message: &Outgoing<'_>, len: usize) -> bool {
        self.tx.push::<M::Seal>(tx, message, len)
    }

    /// Drops the oldest message of which nothing has left. Whether there was one.
    pub fn drop_oldest(&mut self, tx: &mut [u8]) -> bool {
        self.tx.drop_oldest(tx)
    }

    /// Drops the messages with the topic of this one of which nothing has left, and counts them.
    pub fn drop_topic_of(&mut self, tx: &mut [u8], message: &Outgoing<'_>) -> usize {
        self.tx.drop_topic::<M::Seal>(tx, tx::topic_of(message.clone()))
    }

    /// Whether a message of this [`FixedLink::len_of`] can be queued.
    pub fn fits(&self, len: usize, tx_len: usize) -> bool {
        self.tx.has_room(len, tx_len)
    }

    /// Whether a message of this [`FixedLink::len_of`] can be queued when all is dropped of which nothing has left.
    pub fn fits_when_emptied(&self, len: usize, tx: &[u8]) -> bool {
        self.tx.begun_len(tx).saturating_add(len) <= tx.len()
    }

    /// Whether a command of ours can be sent now: the link is up, no frame has left in part, and there is none of its own to
    /// be sent first.
    pub fn takes_command(&mut self, setup: &Setup, entropy: &mut dyn FnMut(&mut [u8]), now: Instant) -> bool {
        if self.is_sending() {
            return false;
        }
        self.fill_control(setup, entropy, now);
        self.is_up() && self.control.is_empty()
    }

    /// Tells the peer what is wanted here; only when [`FixedLink::takes_command`].
    pub fn subscribe(&mut self, subscription: &Subscription<'_>) {
        if let Stage::Up(traffic) = &mut self.stage {
            // The room for commands is empty here and holds the longest topic, sealed.
            let (kind, body) = subscription.frame(traffic.version);
            self.control.frame(kind, body, Some(&mut traffic.writer));
        }
    }

    /// What is to be sent next; empty when there is nothing. Ask [`FixedLink::takes_command`] first, and call
    /// [`FixedLink::advance`] then.
    pub fn pending<'a>(&'a mut self, tx: &'a mut [u8]) -> &'a [u8] {
        match &mut self.stage {
            Stage::Up(traffic) if self.control.is_empty() => self.tx.pending(tx, &mut traffic.writer),
            _ => self.control.pending(),
        }
    }

    /// So many of the pending octets were sent. Whether a message has left with them, and there is more room.
    pub fn advance(&mut self, len: usize) -> bool {
        if self.control.is_empty() {
            return self.tx.advance(len);
        }
        self.control.advance(len);
        false
    }

    /// The link is to be closed: what can be said of it to the peer is pending, and `detach` is to follow.
    pub fn fail(&mut self, reason_for_peer: Option<&str>) {
        if let Some(reason) = reason_for_peer {
            // Behind what has not left of our opening. Want of room only costs the courtesy.
            self.control.command::<M::Seal>(&Command::Error(reason.as_bytes()), None);
        }
        self.end(false);
    }

    /// When `handle_timeout` is to be called, or something is to be sent; `None` when never.
    #[inline(never)]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let ping = match &self.stage {
            // A PING that is due leaves when what is being sent has left: there is no time to wait for.
            Stage::Up(traffic) if !self.is_sending() => traffic.heartbeat.next_ping(),
            _ => None,
        };
        Instant::earlier(ping, self.expiry())
    }

    /// Whether the peer took too long.
    pub fn handle_timeout(&mut self, rx_len: usize, now: Instant) -> Result<(), LinkError> {
        if let Stage::Up(traffic) = &mut self.stage
            && self.rx.is_full(rx_len)
        {
            // A peer that we do not listen to, for its messages were not taken yet, is not dead.
            traffic.heartbeat.heard(now);
        }
        match self.expiry() {
            Some(expiry) if expiry.has_come(now) => Err(match self.is_up() {
                true => LinkError::Silent,
                false => LinkError::Handshake(HandshakeError::TimedOut),
            }),
            _ => Ok(()),
        }
    }

    /// When the peer will have taken too long; `None` when never.
    #[inline(never)]
    fn expiry(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Opening(handshake, _) => Some(handshake.poll_timeout()),
            Stage::Up(traffic) => traffic.heartbeat.expiry(),
            Stage::Down | Stage::Failed(_) | Stage::Ending(_) => None,
        }
    }

    /// Whether a frame or a command of ours has left in part, or is about to.
    fn is_sending(&self) -> bool {
        !self.control.is_empty() || !self.tx.is_between_frames()
    }

    #[inline(never)]
    fn fill_control(&mut self, setup: &Setup, entropy: &mut dyn FnMut(&mut [u8]), now: Instant) {
        match &mut self.stage {
            Stage::Opening(handshake, _) => {
                let written = handshake.poll_transmit(setup.identity.as_octets(), entropy, self.control.room());
                self.control.commit(written.unwrap_or(0..0));
            }
            Stage::Up(traffic) => {
                if let Some(command) = traffic.heartbeat.poll_transmit(now) {
                    // The room for commands is empty here and holds the longest heartbeat.
                    self.control.command(&command, Some(&mut traffic.writer));
                }
            }
            Stage::Down | Stage::Failed(_) | Stage::Ending(_) => (),
        }
    }

    /// Ends the stage, but for what reads on.
    #[inline(never)]
    fn end(&mut self, is_lost: bool) {
        let reader = match core::mem::replace(&mut self.stage, Stage::Down) {
            Stage::Up(Traffic { reader, .. }) => Some(reader),
            Stage::Failed(reader) | Stage::Ending(reader) => reader,
            Stage::Down | Stage::Opening(..) => None,
        };
        self.stage = if is_lost { Stage::Ending(reader) } else { Stage::Failed(reader) };
    }

    /// Passes from handshake to traffic, when the peer was introduced and the mechanism has sent all it has to.
    fn establish(&mut self, setup: &Setup, rx_len: usize, now: Instant) {
        if let Stage::Opening(handshake, Some(version)) = &mut self.stage
            && let Some((open, seal)) = handshake.traffic()
        {
            let (version, socket_type) = (*version, handshake.socket_type());
            self.stage = Stage::Up(Traffic {
                reader: Reader::new(open, OnlyWindow(rx_len)),
                writer: Writer::new(seal),
                heartbeat: Heartbeat::new(setup.heartbeat, socket_type, version, now),
                version,
            });
        }
    }
}

const fn seals<O: Open>() -> Seals {
    const { assert!(O::HEAD <= u16::MAX as usize && O::TAIL <= u16::MAX as usize, "a seal is short") };
    Seals { head: O::HEAD as u16, tail: O::TAIL as u16 }
}

/// The octets from `start` to `end`; none where they are not all there.
#[inline(never)]
fn between(octets: &[u8], start: u16, end: u16) -> &[u8] {
    octets.get(..usize::from(end)).unwrap_or_default().get(usize::from(start)..).unwrap_or_default()
}

/// The same, to be written.
#[inline(never)]
fn between_mut(octets: &mut [u8], start: u16, end: u16) -> &mut [u8] {
    octets.get_mut(..usize::from(end)).unwrap_or_default().get_mut(usize::from(start)..).unwrap_or_default()
}

/// Moves octets down over the first `gap` of them.
#[inline(never)]
fn close_gap(octets: &mut [u8], gap: usize) {
    if gap == 0 {
        return;
    }
    let octets = Cell::from_mut(octets).as_slice_of_cells();
    for (from, to) in octets.iter().skip(gap).zip(octets) {
        to.set(from.get());
        // As in `copy`: the compiler does not call memmove, which is half as long as a link.
        core::hint::black_box(());
    }
}
