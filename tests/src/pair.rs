//! What happens between two fixed sockets? All that they say passes through here, to be read, spoilt or cut.

use crate::machine::Machine;
use crate::pipe::{End, pipe};
use crate::world::World;
use zeptomq_core::peer::PeerId;

/// A socket that connects and one that is connected to, under one clock, and the wire between them.
pub struct Pair {
    /// The socket that connects.
    pub one: World,
    /// The socket that is connected to.
    pub other: World,
    /// All that either said, in the order of its passing.
    pub heard: Vec<u8>,
    peer: PeerId,
    wire: Option<(End, End)>,
}

impl Pair {
    /// The two, not yet connected.
    pub fn new(one: Box<dyn Machine>, other: Box<dyn Machine>) -> Self {
        let (mut one, other) = (World::new(one), World::new(other));
        let peer = one.machine.connect().expect("room for a peer");
        Self { one, other, heard: Vec::new(), peer, wire: None }
    }

    /// A connection is there, for the first time or again, and both sides are up.
    pub fn connect(&mut self) {
        self.attach();
        assert!(self.is_up(), "{:?} {:?}", self.one.failed(), self.other.failed());
    }

    /// A connection is there, whatever becomes of it.
    pub fn attach(&mut self) {
        let (ours, to_one) = pipe(PIPE_LEN);
        let (theirs, to_other) = pipe(PIPE_LEN);
        self.wire = Some((to_one, to_other));
        self.one.attach(self.peer, ours);
        self.other.accept(theirs);
        self.pump();
    }

    /// Whether messages can pass.
    pub fn is_up(&mut self) -> bool {
        self.one.machine.is_up(self.peer)
    }

    /// The connection is lost, with what was on its way.
    pub fn cut(&mut self) {
        self.wire = None;
        self.pump();
    }

    /// Whether both still hold the connection.
    pub fn is_connected(&self) -> bool {
        self.wire.as_ref().is_some_and(|(to_one, to_other)| !to_one.is_closed() && !to_other.is_closed())
    }

    /// Moves all that can be moved.
    pub fn pump(&mut self) {
        self.pump_with(|octets| octets);
    }

    /// The same, but `change` may change what the one says to the other.
    pub fn pump_with(&mut self, mut change: impl FnMut(Vec<u8>) -> Vec<u8>) {
        loop {
            self.one.pump();
            self.other.pump();
            let Some((to_one, to_other)) = &mut self.wire else { return };
            let (there, back) = (change(to_one.take(to_one.unread())), to_other.take(to_other.unread()));
            if there.is_empty() && back.is_empty() {
                break;
            }
            self.heard.extend(there.iter().chain(&back));
            to_other.put(&there);
            to_one.put(&back);
        }
        if !self.is_connected() {
            self.cut();
        }
    }

    /// Lets so many milliseconds pass on both sides.
    pub fn pass(&mut self, ms: u32) {
        let end = self.one.elapsed_ms + ms;
        while self.one.elapsed_ms < end {
            let next = [&mut self.one, &mut self.other]
                .map(|world| world.poll().map_or(ms, |at| at.ms_from(world.now()).max(1)));
            let now = end.min(self.one.elapsed_ms + next[0].min(next[1]));
            (self.one.elapsed_ms, self.other.elapsed_ms) = (now, now);
            self.pump();
        }
    }
}

/// What a connection takes of a socket while nobody moves it on.
const PIPE_LEN: usize = 256;
