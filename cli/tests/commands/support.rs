//! How does a test run the command, talk to it and wait for it?

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// After this time a test has failed.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Any free port of this machine.
pub(crate) const ANY: &str = "tcp://127.0.0.1:0";

/// A running command. It is killed when the test forgets it.
pub(crate) struct Zepto {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit status.
    pub(crate) status: i32,
    /// The lines of stdout that were not read before.
    pub(crate) stdout: Vec<String>,
    /// The lines of stderr that were not read before.
    pub(crate) stderr: Vec<String>,
}

impl Zepto {
    /// Starts the command with a stdin that stays open.
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut child = command(args).stdin(Stdio::piped()).spawn().unwrap();
        let stdout = lines(child.stdout.take().unwrap());
        let stderr = lines(child.stderr.take().unwrap());
        Self { stdin: child.stdin.take(), child, stdout, stderr }
    }

    /// Starts the command bound to any free port, and tells where that is.
    pub(crate) fn bound(args: &[&str]) -> (Self, String) {
        let zepto = Self::start(&[args, &["-b", ANY]].concat());
        let line = zepto.stderr_line();
        let endpoint = line.strip_prefix("bound ").unwrap_or_else(|| panic!("not bound: {line}")).to_owned();
        (zepto, endpoint)
    }

    /// Runs the command on this input until it ends.
    pub(crate) fn run(args: &[&str], input: &str) -> Ended {
        let mut zepto = Self::start(args);
        zepto.write(input);
        zepto.ended()
    }

    /// Writes to its stdin. A command that has ended does not read it.
    pub(crate) fn write(&mut self, text: &str) {
        let _ = self.stdin.as_mut().unwrap().write_all(text.as_bytes());
    }

    /// Ends its stdin.
    pub(crate) fn end_input(&mut self) {
        self.stdin = None;
    }

    /// The next line of its stdout.
    pub(crate) fn line(&self) -> String {
        self.stdout.recv_timeout(DEADLINE).expect("a line on stdout")
    }

    /// The next line of its stderr.
    pub(crate) fn stderr_line(&self) -> String {
        self.stderr.recv_timeout(DEADLINE).expect("a line on stderr")
    }

    /// Sends it a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Ends its stdin and waits for its end.
    pub(crate) fn ended(mut self) -> Ended {
        self.end_input();
        self.ended_by_itself()
    }

    /// Waits for its end while its stdin stays open.
    pub(crate) fn ended_by_itself(mut self) -> Ended {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < DEADLINE, "still running");
            // The standard library cannot wait for a child with a deadline.
            std::thread::sleep(Duration::from_millis(5));
        };
        let rest = |lines: &Receiver<String>| lines.iter().collect();
        Ended { status: status.code().unwrap_or(-1), stdout: rest(&self.stdout), stderr: rest(&self.stderr) }
    }
}

impl Drop for Zepto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command, not yet started.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zepto"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (to, lines) = channel();
    std::thread::spawn(move || BufReader::new(from).lines().map_while(Result::ok).try_for_each(|line| to.send(line)));
    lines
}
