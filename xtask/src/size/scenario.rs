//! What happens to a firmware while its stack is measured? Strangers, peers that talk, and peers that break the rules.

use std::net::TcpStream;

use super::peer::Peer;

/// What the host's end of a line is and does.
#[derive(Clone, Copy)]
pub(super) enum Part {
    /// Subscribes and hears.
    Hear(&'static str),
    /// Waits for a subscription and publishes.
    Publish(&'static str),
    /// Sends to whoever only takes.
    Push(&'static str),
    /// Takes from whoever only sends.
    Pull(&'static str),
    /// Sends and takes in turn.
    Talk(&'static str),
    /// Asks for an answer.
    Ask(&'static str),
    /// Answers a question.
    Answer(&'static str),
}

/// What the eleven socket types of a firmware meet, in the order of the octet that chooses one.
pub(super) const ELEVEN: [Part; 11] = [
    Part::Talk("PAIR"),
    Part::Hear("SUB"),
    Part::Publish("PUB"),
    Part::Answer("REP"),
    Part::Ask("REQ"),
    Part::Talk("DEALER"),
    Part::Talk("DEALER"),
    Part::Push("PUSH"),
    Part::Pull("PULL"),
    Part::Hear("SUB"),
    Part::Publish("PUB"),
];

/// The whole scenario on one line. `chosen` is the octet that the firmware waits for, where it waits for one.
pub(super) fn play(line: &mut TcpStream, chosen: Option<u8>, part: Part) -> Result<(), String> {
    let mut peer = Peer::new(line);
    for (rudeness, round) in [(BAD_FLAGS, "first"), (TOO_LONG, "second")] {
        let said = |what| move |error| format!("{what} of the {round} connection: {error}");
        peer.meet(chosen, part.socket_type()).map_err(said("the handshake"))?;
        part.converse(&mut peer).map_err(said("the messages"))?;
        peer.ping().map_err(said("the heartbeat"))?;
        peer.misbehave(rudeness)?;
    }
    let garbage = [chosen.as_slice(), b"GET / HTTP"].concat();
    peer.misbehave(&garbage)?;
    peer.meet(chosen, part.stranger())?;
    peer.wait_for(b"\x05ERROR").map_err(|error| format!("a stranger: {error}"))?;
    peer.misbehave(b"")
}

/// What the firmware without sockets meets.
pub(super) fn echo(line: &mut TcpStream) -> Result<(), String> {
    Peer::new(line).echo(&[7; 200])
}

impl Part {
    fn socket_type(self) -> &'static str {
        let (Self::Hear(name)
        | Self::Publish(name)
        | Self::Push(name)
        | Self::Pull(name)
        | Self::Talk(name)
        | Self::Ask(name)
        | Self::Answer(name)) = self;
        name
    }

    /// A type that the firmware's does not talk to.
    fn stranger(self) -> &'static str {
        if matches!(self, Self::Push(_) | Self::Pull(_)) { "PAIR" } else { "PUSH" }
    }

    fn converse(self, peer: &mut Peer<'_>) -> Result<(), String> {
        match self {
            Self::Hear(_) => hear(peer),
            Self::Publish(_) => {
                peer.wait_for(b"\x09SUBSCRIBE")?;
                for _ in 0..MESSAGES {
                    peer.message(&[b"command sample", &[2]])?;
                }
                peer.await_ping()
            }
            Self::Push(_) => {
                (0..MESSAGES).try_for_each(|_| peer.message(&[BODY, BODY]))?;
                peer.await_ping()
            }
            Self::Pull(_) => (0..MESSAGES).try_for_each(|_| peer.receive().map(drop)),
            Self::Talk(_) => (0..MESSAGES).try_for_each(|_| {
                peer.message(&[b"", BODY])?;
                peer.receive().map(drop)
            }),
            Self::Ask(_) => (0..MESSAGES).try_for_each(|number: u32| {
                let id = number.to_be_bytes();
                peer.message(&[&id, b"", BODY])?;
                let reply = peer.receive()?;
                let same = reply.first().is_some_and(|first| *first == id);
                if same { Ok(()) } else { Err(format!("a reply to another request: {reply:02x?}")) }
            }),
            Self::Answer(_) => (0..MESSAGES).try_for_each(|_| {
                let request = peer.receive()?;
                let id = request.first().map(Vec::as_slice).unwrap_or_default();
                peer.message(&[id, b"", BODY])
            }),
        }
    }
}

/// Subscribes to what is published and to more than the firmware has room for.
fn hear(peer: &mut Peer<'_>) -> Result<(), String> {
    peer.command(b"\x09SUBSCRIBEsample")?;
    for _ in 0..MESSAGES {
        peer.receive()?;
    }
    peer.await_ping()?;
    peer.command(b"\x06CANCELsample")?;
    peer.message(&[b"\x01sample"])?;
    peer.receive()?;
    for topic in b'a'..b'n' {
        peer.message(&[&[1, topic]])?;
    }
    Ok(())
}

const MESSAGES: u32 = 100;
const BODY: &[u8] = b"thirty-two octets of a message..";

/// Reserved bits of a frame's flags.
const BAD_FLAGS: &[u8] = b"\xff";
/// A frame of more octets than any device has.
const TOO_LONG: &[u8] = b"\x02\0\0\x01\0\0\0\0\0";
