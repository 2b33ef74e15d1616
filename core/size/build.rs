//! How does the linker learn where the board has its memory?

fn main() {
    println!("cargo::rustc-link-arg-bins=-T{}/layout.x", env!("CARGO_MANIFEST_DIR"));
    println!("cargo::rerun-if-changed=layout.x");
    println!("cargo::rerun-if-changed=build.rs");
}
