//! Is a panic reachable in the core? While one is, this image does not link.
//!
//! The panic handler calls a function that is defined nowhere. The optimizer removes the handler only when it has
//! proved that nobody can reach it, so a link that succeeds is the proof. Each module calls the functions of one
//! area with octets and sizes that the optimizer cannot know. Arithmetic that overflows is left to the fuzz
//! targets: here, as in any release build, it wraps.
#![no_std]
#![no_main]

mod link;
mod mask;
mod patterns;
mod socket;
mod unknown;
mod wire;

/// Where a board would start. It never runs: linking it is the test.
#[unsafe(no_mangle)]
pub extern "C" fn _start() -> ! {
    wire::call();
    link::call();
    patterns::call();
    socket::call();
    loop {
        core::hint::spin_loop();
    }
}

#[cfg(not(feature = "survey"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        safe fn a_panic_is_reachable() -> !;
    }
    a_panic_is_reachable()
}

/// Keeps the place of every panic in the image.
#[cfg(feature = "survey")]
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    unknown::keep(info.location());
    loop {
        core::hint::spin_loop();
    }
}
