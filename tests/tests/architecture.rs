//! Do the layers still stand as they were laid? Read from the sources, so that a change which bends a rule is noticed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here is a test")]

use std::fs;
use std::path::{Path, PathBuf};

/// What each part of core may know of the others.
const LAYERS: [(&str, &[&str]); 12] = [
    ("wire", &[]),
    ("mechanism", &["wire"]),
    ("link", &["backoff", "mechanism", "message", "time", "wire"]),
    ("pattern", &["message", "peer", "storage", "wire"]),
    ("storage", &["peer", "wire"]),
    ("message", &[]),
    ("peer", &[]),
    ("time", &[]),
    ("backoff", &[]),
    ("socket", &["backoff", "link", "mechanism", "message", "pattern", "peer", "storage", "time", "wire"]),
    ("io", &["mechanism", "pattern", "peer", "socket", "time"]),
    ("lib", &[]),
];

/// Where core may use the heap, each behind the feature `alloc`.
const HEAP: [&str; 6] = [
    "storage.rs",
    "storage/interests.rs",
    "storage/slots.rs",
    "storage/topics.rs",
    "storage/trie.rs",
    "wire/octets.rs",
];

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

/// A file of the project.
struct Source {
    /// From the project's folder on.
    path: PathBuf,
    text: String,
}

impl Source {
    /// What is compiled into the product: without the tests at its end, and without comments.
    fn product(&self) -> impl Iterator<Item = &str> {
        let tests = ["\n#[cfg(test)]\nmod ", "\n#[cfg(all(test,"];
        let end = tests.iter().filter_map(|tests| self.text.find(tests)).min().unwrap_or(self.text.len());
        self.text[..end].lines().filter(|line| !line.trim_start().starts_with("//"))
    }

    /// The part of core that it belongs to.
    fn layer(&self) -> String {
        let inner = self.path.strip_prefix("core/src").expect("a file of core");
        let first = inner.iter().next().unwrap().to_str().unwrap();
        first.trim_end_matches(".rs").to_owned()
    }

    fn is(&self, path: &str) -> bool {
        self.path == Path::new(path)
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The Rust sources below a folder of the project, but for what was built.
fn sources(folder: &str) -> Vec<Source> {
    let root = root();
    let (mut folders, mut found) = (vec![root.join(folder)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if name.ends_with(".rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push(Source { path: path.strip_prefix(&root).unwrap().to_owned(), text });
            }
        }
    }
    assert!(!found.is_empty(), "no sources in {folder}");
    found
}

/// Fails with all that was found, so that one run shows everything.
#[track_caller]
fn none(findings: Vec<String>) {
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

/// The first names of what a line takes from this crate.
fn imports(line: &str) -> Vec<&str> {
    let names = line.split("crate::").skip(1);
    names.map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap()).collect()
}

#[test]
fn each_layer_of_core_knows_only_those_below_it() {
    let mut findings = Vec::new();
    for source in sources("core/src") {
        let layer = source.layer();
        let (_, known) = LAYERS.iter().find(|(name, _)| *name == layer).unwrap_or_else(|| {
            panic!("{} belongs to no layer that this test knows", source.path.display());
        });
        for line in source.product() {
            for name in imports(line).into_iter().filter(|name| *name != layer && !known.contains(name)) {
                findings.push(format!("{}: {layer} knows {name}: {}", source.path.display(), line.trim()));
            }
        }
    }
    none(findings);
}

#[test]
fn link_and_pattern_know_nothing_of_each_other() {
    let known = |layer| LAYERS.iter().find(|(name, _)| *name == layer).unwrap().1;
    assert!(!known("link").contains(&"pattern") && !known("pattern").contains(&"link"));
    assert!(known("wire").is_empty());
}

#[test]
fn core_has_no_std_no_clock_no_heap_and_no_unsafe_code() {
    let mut findings = Vec::new();
    for source in sources("core/src") {
        let name = source.path.strip_prefix("core/src").unwrap().to_owned();
        let heap = HEAP.iter().any(|allowed| name == Path::new(allowed));
        for line in source.product() {
            let std = line.contains("std::") && !line.contains("embedded_io");
            let clock = line.contains("Instant::now") || line.contains("SystemTime");
            let unsafe_code = line.contains("unsafe ") && !line.contains("forbid");
            if std || clock || unsafe_code || (line.contains("alloc::") && !heap) {
                findings.push(format!("{}: {}", source.path.display(), line.trim()));
            }
        }
    }
    none(findings);
    let lib = fs::read_to_string(root().join("core/src/lib.rs")).unwrap();
    assert!(lib.contains("#![no_std]") && lib.contains("#![forbid(unsafe_code)]"));
}

#[test]
fn the_hub_has_one_lock_and_asks_nobody_for_his_type() {
    let sources = sources("std-runtime/src");
    let hub = sources.iter().find(|source| source.is("std-runtime/src/hub.rs")).expect("the hub");
    let count = |text: &str| hub.product().filter(|line| line.contains(text)).count();
    assert_eq!((count("Mutex<"), count("RwLock<")), (1, 0));
    assert_eq!((count("SocketType"), count("P::TYPE"), count("TypeId")), (0, 0, 0));
}

#[test]
fn the_runtimes_look_at_no_frame() {
    let mut findings = Vec::new();
    for source in sources("std-runtime/src") {
        for line in source.product() {
            if ["wire::frame", "wire::greeting", "Header::", "Header,", "Greeting"]
                .iter()
                .any(|text| line.contains(text))
            {
                findings.push(format!("{}: {}", source.path.display(), line.trim()));
            }
        }
    }
    none(findings);
}

#[test]
fn the_smoltcp_runtime_has_no_std_no_heap_and_one_file_that_asks_smoltcps_sockets() {
    let mut findings = Vec::new();
    for source in sources("smoltcp-runtime/src") {
        for line in source.product() {
            let foreign = line.contains("std::") || line.contains("alloc::") || line.contains("unsafe ");
            let asks = line.contains("smoltcp::socket") && !source.is("smoltcp-runtime/src/tcp.rs");
            if foreign || asks || line.contains("wire::frame") {
                findings.push(format!("{}: {}", source.path.display(), line.trim()));
            }
        }
    }
    none(findings);
    let lib = fs::read_to_string(root().join("smoltcp-runtime/src/lib.rs")).unwrap();
    assert!(lib.contains("#![no_std]") && lib.contains("#![forbid(unsafe_code)]"));
}

#[test]
fn every_file_says_what_it_answers_and_ends_in_time() {
    let mut findings = Vec::new();
    for source in sources(".") {
        let lines = source.text.lines().count();
        if lines > FILE_LINES_MAX {
            findings.push(format!("{}: {lines} lines", source.path.display()));
        }
        if !source.text.starts_with("//! ") {
            findings.push(format!("{}: the first line says nothing", source.path.display()));
        }
    }
    none(findings);
}

#[test]
fn every_function_ends_in_time() {
    let mut findings = Vec::new();
    for source in sources(".") {
        let lines: Vec<&str> = source.text.lines().collect();
        for (start, line) in lines.iter().enumerate().filter(|(_, line)| begins_function(line)) {
            let indent = line.len() - line.trim_start().len();
            let ends = |line: &str| line.trim_end() == format!("{:indent$}}}", "") || line.ends_with(';');
            let own = |line: &&&str| line.len() - line.trim_start().len() == indent && !line.trim().is_empty();
            let end = match line.ends_with('}') || line.ends_with(';') {
                true => Some(0),
                false => lines[start + 1..].iter().position(|line| own(&line) && ends(line)).map(|at| at + 1),
            };
            let len = end.unwrap_or(usize::MAX - 1) + 1;
            if len > FUNCTION_LINES_MAX {
                findings.push(format!("{}:{}: {len} lines", source.path.display(), start + 1));
            }
        }
    }
    none(findings);
}

/// Whether a function is defined on the line.
fn begins_function(line: &str) -> bool {
    let mut words = line.trim_start().split(' ');
    let before = ["pub", "pub(crate)", "pub(super)", "const", "async", "unsafe", "extern", "\"C\""];
    words.find(|word| !before.contains(word)) == Some("fn")
}
