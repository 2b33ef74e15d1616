//! What happens without security? Each side sends READY, and frames travel as they are (RFC 37 "The NULL Security
//! Mechanism").

use super::{Mechanism, Open, Rejected, Seal};
use crate::wire::greeting::MechanismName;
use crate::wire::{FrameKind, Octets, PeerInfo, Short, Window, begins_with};
use core::ops::Range;

/// The NULL mechanism: which of the two READY commands have passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Null {
    sent: bool,
    received: bool,
}

/// Both halves of a connection without security.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Clear;

impl Null {
    /// A handshake that has not begun.
    pub const NEW: Self = Self { sent: false, received: false };
}

impl Mechanism for Null {
    const NAME: MechanismName = MechanismName::NULL;
    type Open = Clear;
    type Seal = Clear;

    // RFC 37 "The NULL Security Mechanism": as-server SHALL be zero.
    fn as_server(&self) -> bool {
        false
    }

    fn handle(&mut self, command: &mut [u8]) -> Result<Option<Range<usize>>, Rejected> {
        if self.received || !begins_with(command, READY) {
            return Err(Rejected);
        }
        self.received = true;
        Ok(Some(READY.len()..command.len()))
    }

    // RFC 23 lets either side be first, RFC 37 the connecting one, libzmq sends on both sides at once: so do we.
    fn poll_command(
        &mut self,
        info: &PeerInfo<'_>,
        _entropy: &mut dyn FnMut(&mut [u8]),
        out: &mut [u8],
    ) -> Result<usize, Short> {
        if self.sent {
            return Ok(0);
        }
        let mut out = Window::new(out);
        out.put(READY)?;
        info.encode(&mut out)?;
        self.sent = true;
        Ok(out.len())
    }

    fn traffic(&mut self) -> Option<(Clear, Clear)> {
        (self.sent && self.received).then_some((Clear, Clear))
    }
}

impl Open for Clear {
    const CLEAR: bool = true;
    const HEAD: usize = 0;
    const TAIL: usize = 0;

    #[inline]
    fn open(&mut self, outer: FrameKind, _body: &mut [u8]) -> Result<FrameKind, Rejected> {
        Ok(outer)
    }
}

impl Seal for Clear {
    const CLEAR: bool = true;
    const HEAD: usize = 0;
    const TAIL: usize = 0;

    #[inline]
    fn seal(&mut self, kind: FrameKind, _body: &mut [u8]) -> FrameKind {
        kind
    }
}

const READY: &[u8] = b"\x05READY";

#[cfg(test)]
mod tests {
    use super::{Mechanism, Null};
    use crate::wire::{PeerInfo, SocketType};

    const INFO: PeerInfo<'_> = PeerInfo { socket_type: Some(SocketType::Pull), identity: b"" };

    #[test]
    fn traffic_begins_when_both_have_sent_ready() {
        let mut out = [0; 32];
        let mut null = Null::NEW;
        assert_eq!(null.poll_command(&INFO, &mut |_| (), &mut out), Ok(26));
        assert_eq!(&out[..26], b"\x05READY\x0bSocket-Type\0\0\0\x04PULL");
        assert_eq!(null.poll_command(&INFO, &mut |_| (), &mut out), Ok(0));
        assert!(null.traffic().is_none());
        assert_eq!(null.handle(&mut { *b"\x05READYxy" }), Ok(Some(6..8)));
        assert!(null.traffic().is_some());
    }

    #[test]
    fn anything_but_one_ready_is_rejected() {
        let mut null = Null::NEW;
        assert!(null.handle(&mut { *b"\x05HELLO" }).is_err());
        assert!(null.handle(&mut { *b"" }).is_err());
        assert!(null.handle(&mut { *b"\x05READY" }).is_ok());
        assert!(null.handle(&mut { *b"\x05READY" }).is_err());
    }

    #[test]
    fn a_ready_that_finds_no_room_is_sent_later() {
        let mut null = Null::NEW;
        assert!(null.poll_command(&INFO, &mut |_| (), &mut [0; 25]).is_err());
        assert_eq!(null.poll_command(&INFO, &mut |_| (), &mut [0; 26]), Ok(26));
    }
}
