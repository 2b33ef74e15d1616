//! What does the core cost on a microcontroller? The same firmware with other sockets in it, or with none: the
//! difference is what they cost. `cargo xtask size` builds, runs and compares them.
#![no_std]
#![no_main]

#[allow(dead_code, reason = "each image uses some of it")]
mod board;
#[cfg(not(feature = "none"))]
#[allow(dead_code, reason = "each image uses some of it")]
mod line;
#[cfg_attr(feature = "none", path = "none.rs")]
#[cfg_attr(feature = "pub", path = "publisher.rs")]
#[cfg_attr(feature = "pub-sub", path = "both.rs")]
#[cfg_attr(feature = "rep", path = "replier.rs")]
#[cfg_attr(feature = "all", path = "all.rs")]
#[cfg_attr(feature = "count", path = "count.rs")]
mod node;

core::arch::global_asm!(include_str!("start.s"));

/// Where `start.s` goes on.
#[unsafe(no_mangle)]
extern "C" fn firmware() -> ! {
    board::start_clock();
    node::run()
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
