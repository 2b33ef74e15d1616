//! Which registers of the LM3S6965 does this firmware use? SysTick and the interrupt controller belong to the core.

use core::ptr;

/// A register of a device, of 32 bits, by its address.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum Register {
    /// Octets of the console: UART0, a PL011.
    ConsoleData = 0x4000_C000,
    ConsoleFlags = 0x4000_C018,
    /// Whole and fraction of the clock's ratio to 16 times the baud rate.
    ConsoleDivisor = 0x4000_C024,
    ConsoleFraction = 0x4000_C028,
    ConsoleLine = 0x4000_C02C,
    ConsoleControl = 0x4000_C030,
    /// The alarm: timer 0, whole or in halves; once or again and again; running or not.
    AlarmWidth = 0x4003_0000,
    AlarmMode = 0x4003_0004,
    AlarmControl = 0x4003_000C,
    /// Whether the alarm interrupts; what is written to the other is taken as told.
    AlarmInterrupts = 0x4003_0018,
    AlarmHeard = 0x4003_0024,
    /// Steps of the clock until it goes off.
    AlarmSteps = 0x4003_0028,
    /// What the Ethernet MAC has to tell; what is written is taken as told.
    EthernetStatus = 0x4004_8000,
    /// Which of it interrupts.
    EthernetInterrupts = 0x4004_8004,
    EthernetReceive = 0x4004_8008,
    EthernetTransmit = 0x4004_800C,
    /// The two FIFOs: one is read, the other written.
    EthernetData = 0x4004_8010,
    /// Four octets of the hardware address, and the other two.
    EthernetAddress0 = 0x4004_8014,
    EthernetAddress1 = 0x4004_8018,
    /// Frames that wait to be read.
    EthernetFrames = 0x4004_8034,
    /// Asks for the written frame to be sent; set until it is.
    EthernetRequest = 0x4004_8038,
    /// What the system control has to tell.
    SystemStatus = 0x400F_E050,
    /// Where the processor's clock comes from.
    RunClock = 0x400F_E060,
    /// Which devices have a clock: timers and UARTs, and the Ethernet.
    GateTimersUarts = 0x400F_E104,
    GateEthernet = 0x400F_E108,
}

impl Register {
    /// Reads it; for `EthernetData` and `ConsoleData` that takes what is read.
    pub(crate) fn read(self) -> u32 {
        // SAFETY: each address above is that of an aligned 32-bit register of the LM3S6965, which any value may be
        // read from at any time, and which no memory of this program overlaps.
        unsafe { ptr::with_exposed_provenance::<u32>(self as usize).read_volatile() }
    }

    /// Writes it.
    pub(crate) fn write(self, value: u32) {
        // SAFETY: as above; none of these registers makes the device touch the memory of this program, for they
        // have no DMA.
        unsafe { ptr::with_exposed_provenance_mut::<u32>(self as usize).write_volatile(value) }
    }

    /// Sets these bits, and leaves the others as they are.
    pub(crate) fn set(self, bits: u32) {
        self.write(self.read() | bits);
    }
}
