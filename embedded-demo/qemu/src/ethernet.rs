//! How do frames get from the Ethernet MAC to smoltcp and back?
//!
//! The device has two FIFOs of words and no DMA. One frame at a time is read into a buffer, and one built in another
//! before it is written. What arrives faster waits in the device, or is lost there, as on any wire.

use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::time::Instant;
use smoltcp::wire::EthernetAddress;

use crate::fifo::{Buffer, Dropped, FRAME_LEN_MAX};
use crate::interrupts::Interrupt;
use crate::registers::Register;

/// A frame has arrived.
const ARRIVED: u32 = 1;

/// Of `EthernetReceive`: receive; and empty the FIFO.
const RECEIVE: u32 = 1;
const EMPTY_FIFO: u32 = 1 << 4;

/// Of `EthernetTransmit`: send; pad short frames; add the FCS; both directions at once.
const TRANSMIT: u32 = 1 | 1 << 1 | 1 << 2 | 1 << 4;

/// Of `EthernetRequest`: send, or still sending.
const SEND: u32 = 1;

/// Frames that the device can hold.
const FRAMES_MAX: usize = 31;

/// The Ethernet of the board, and the two frames that are being worked on.
pub(crate) struct Ethernet<'a> {
    received: &'a mut Buffer,
    to_send: &'a mut Buffer,
}

impl<'a> Ethernet<'a> {
    /// Switches the device on.
    pub(crate) fn start(received: &'a mut Buffer, to_send: &'a mut Buffer) -> Self {
        const MAC_AND_PHY: u32 = 1 << 28 | 1 << 30;
        Register::GateEthernet.set(MAC_AND_PHY);
        Register::EthernetReceive.write(EMPTY_FIFO);
        Register::EthernetTransmit.write(TRANSMIT);
        Register::EthernetReceive.write(RECEIVE);
        Register::EthernetInterrupts.write(ARRIVED);
        Interrupt::Ethernet.let_through();
        Self { received, to_send }
    }

    /// The hardware address, which QEMU chooses (`-nic user,mac=...`).
    pub(crate) fn address() -> EthernetAddress {
        let [a, b, c, d] = Register::EthernetAddress0.read().to_le_bytes();
        let [e, f, ..] = Register::EthernetAddress1.read().to_le_bytes();
        EthernetAddress([a, b, c, d, e, f])
    }

    /// Whether a frame waits to be read.
    pub(crate) fn has_arrived() -> bool {
        Register::EthernetFrames.read() != 0
    }

    /// Takes note of the interrupt; the frame is for whoever it woke.
    pub(crate) fn handle_interrupt() {
        Register::EthernetStatus.write(ARRIVED);
    }

    /// Reads the next frame that is one; returns its length.
    fn read(&mut self) -> Option<usize> {
        for _ in 0..FRAMES_MAX {
            if !Self::has_arrived() {
                return None;
            }
            match self.received.receive(|| Register::EthernetData.read()) {
                Ok(frame_len) => return Some(frame_len),
                Err(Dropped::Length) => {}
                Err(Dropped::Lost) => Register::EthernetReceive.write(RECEIVE | EMPTY_FIFO),
            }
        }
        None
    }
}

impl Device for Ethernet<'_> {
    type RxToken<'b>
        = Received<'b>
    where
        Self: 'b;
    type TxToken<'b>
        = ToSend<'b>
    where
        Self: 'b;

    fn receive(&mut self, _now: Instant) -> Option<(Received<'_>, ToSend<'_>)> {
        if is_sending() {
            return None;
        }
        let frame_len = self.read()?;
        Some((Received(self.received.frame(frame_len)), ToSend(self.to_send)))
    }

    fn transmit(&mut self, _now: Instant) -> Option<ToSend<'_>> {
        if is_sending() { None } else { Some(ToSend(self.to_send)) }
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = FRAME_LEN_MAX;
        capabilities
    }
}

/// A frame that was read.
pub(crate) struct Received<'a>(&'a [u8]);

impl phy::RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(self.0)
    }
}

/// Room for a frame.
pub(crate) struct ToSend<'a>(&'a mut Buffer);

impl phy::TxToken for ToSend<'_> {
    /// `frame_len` is at most what `capabilities` allow.
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, frame_len: usize, fill: F) -> R {
        let result = fill(self.0.frame(frame_len));
        self.0.transmit(frame_len, |word| Register::EthernetData.write(word));
        Register::EthernetRequest.write(SEND);
        result
    }
}

/// Whether the last frame has not left yet.
fn is_sending() -> bool {
    Register::EthernetRequest.read() & SEND != 0
}
