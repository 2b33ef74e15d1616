//! What happens when the node cannot go on? It says where, and starts anew.

use core::panic::PanicInfo;

use cortex_m::peripheral::SCB;
use cortex_m_rt::{ExceptionFrame, exception};

use crate::console;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    console::line(format_args!("zeptomq-demo: {info}"));
    start_anew()
}

// SAFETY: unsafe by the signature that the vector table asks for; it is called by nobody else.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    console::line(format_args!("zeptomq-demo: hard fault at {:#010x}", frame.pc()));
    start_anew()
}

fn start_anew() -> ! {
    console::finish();
    SCB::sys_reset()
}
