//! Where does the linker find the board's memory? Told here, so that a build needs no configuration around it.

fn main() {
    println!("cargo:rerun-if-changed=memory.x");
    // On the host only the tests are built, for which there is nothing to lay out.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "none") {
        println!("cargo:rustc-link-search={}", env!("CARGO_MANIFEST_DIR"));
        println!("cargo:rustc-link-arg-bins=-Tlink.x");
        // Sections follow each other closely: nobody maps this image by pages.
        println!("cargo:rustc-link-arg-bins=--nmagic");
    }
}
