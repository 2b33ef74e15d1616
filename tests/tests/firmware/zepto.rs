//! How does a test run the command `zepto`?

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// A running command. It is killed when the test forgets it.
pub(crate) struct Zepto {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    _open: Option<ChildStdin>,
    line: String,
}

impl Zepto {
    /// Starts the command that a person would type, without its name. A `'...'` is one argument.
    pub(crate) fn start(line: &str) -> Self {
        let quoted = line.split('\'').enumerate();
        let arguments = quoted.flat_map(|(at, text)| match at % 2 {
            0 => text.split_whitespace().collect(),
            _ => vec![text],
        });
        let mut process = Command::new(program())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("zepto starts");
        let lines = BufReader::new(process.stdout.take().expect("its output is ours")).lines();
        Self { _open: process.stdin.take(), process, lines, line: line.to_owned() }
    }

    /// The next line that it prints.
    pub(crate) async fn line(&mut self) -> String {
        match timeout(LINE_MAX, self.lines.next_line()).await {
            Ok(Ok(Some(line))) => line,
            other => panic!("no line from zepto {}: {other:?}", self.line),
        }
    }

    /// It ends by itself and without a failure.
    pub(crate) async fn ends(mut self) {
        let ended = timeout(LINE_MAX, self.process.wait()).await;
        let status = ended.unwrap_or_else(|_| panic!("zepto {} does not end", self.line));
        assert!(status.expect("its end is known").success(), "zepto {}", self.line);
    }

    /// Ends it as a crash would.
    pub(crate) async fn kill(mut self) {
        self.process.kill().await.expect("zepto was alive");
    }
}

/// The command of the same build as this test.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("this test is a program");
    let program = test.ancestors().nth(2).expect("a folder of this build").join("zepto");
    assert!(program.exists(), "there is no {}: `cargo build --bin zepto` makes it", program.display());
    program
}

const LINE_MAX: Duration = Duration::from_secs(20);
