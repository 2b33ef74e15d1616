//! Does the image link whose panic handler calls a function that exists nowhere?

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::panic_sites::panic_sites;
use crate::step::{Outcome, Stop};
use crate::tools;

const TARGET: &str = "thumbv7em-none-eabihf";

/// The name of the function that is defined nowhere, as the image has it.
const UNDEFINED: &str = "a_panic_is_reachable";

/// Builds the image; when a panic is left in it, names the places.
pub(crate) fn check() -> Outcome {
    tools::need_targets(&[TARGET])?;
    match tools::output(&mut build()) {
        Ok(_) => Ok(String::new()),
        Err(Stop::Failed(text)) if text.contains(&format!("undefined symbol: {UNDEFINED}")) => Err(explain()),
        Err(stop) => Err(stop),
    }
}

fn folder() -> PathBuf {
    tools::root().join("core").join("no-panic")
}

fn target_folder() -> PathBuf {
    tools::target_folder().join("no-panic")
}

fn build() -> Command {
    let mut build = tools::cargo("build --release --target");
    // From the image's own folder, so that cargo does not read the workspace around it.
    build.arg(TARGET).arg("--target-dir").arg(target_folder()).current_dir(folder());
    build
}

/// Links once more with a handler that exists, and reads the places of the panics out of the image.
fn explain() -> Stop {
    if let Err(stop) = tools::output(build().args(["--features", "survey"])) {
        return stop;
    }
    let image = target_folder().join(TARGET).join("release").join("no-panic");
    let sites = std::fs::read(image).map(|image| panic_sites(&image)).unwrap_or_default();
    let mut text = String::from("a panic is reachable in the core: the image core/no-panic does not link\n");
    for site in &sites {
        text.push_str(&format!("  at {}\n", shorten(site, &tools::root())));
    }
    if sites.is_empty() {
        text.push_str("  the image does not tell where: take the calls out of core/no-panic one by one\n");
    }
    Stop::Failed(text)
}

/// The place as seen from the root of the checkout.
fn shorten(site: &str, root: &Path) -> String {
    site.strip_prefix(&*root.to_string_lossy()).map_or(site, |site| site.trim_start_matches('/')).to_owned()
}
