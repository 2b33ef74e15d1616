//! How does a test drive a libzmq peer? Step by step, through a Python that has pyzmq.

use std::fmt::{Display, Write as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{LazyLock, Once};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use zeptomq::Message;

/// A process with one or more sockets of libzmq, which `peer.py` plays.
///
/// Steps that were told are taken one after the other; each is answered with one line, which is then heard. The process
/// ends with this value.
pub struct Peer {
    process: Child,
    steps: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    told: Vec<String>,
}

impl Peer {
    /// A peer with one socket of that type.
    pub async fn start(kind: &str) -> Self {
        Self::with(kind, "").await
    }

    /// A peer with one socket of that type, set up with members of a JSON object: options by their names in pyzmq.
    pub async fn with(kind: &str, options: &str) -> Self {
        let mut peer = Self::bare();
        peer.add(kind, options).await;
        peer
    }

    /// A peer without a socket yet.
    pub fn bare() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/peer.py");
        let mut process = Command::new(interpreter().expect("a Python, for which every test asked"))
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the Python starts");
        let steps = process.stdin.take().expect("its input is ours");
        let answers = BufReader::new(process.stdout.take().expect("its output is ours")).lines();
        Self { process, steps, answers, told: Vec::new() }
    }

    /// Opens one more socket; steps reach it as `"on"` and its number, counted from 0.
    pub async fn add(&mut self, kind: &str, options: &str) {
        self.must(format!(r#""do": "socket", "type": "{kind}", "options": {{{options}}}"#), "socket").await;
    }

    /// Binds the first socket, and returns where.
    pub async fn bind(&mut self, endpoint: &str) -> String {
        let bound = self.must(format!(r#""do": "bind", "endpoint": "{endpoint}""#), "bound ").await;
        bound["bound ".len()..].to_owned()
    }

    /// Connects the first socket.
    pub async fn connect(&mut self, endpoint: &str) {
        self.connect_on(0, endpoint).await;
    }

    /// Connects one of its sockets.
    pub async fn connect_on(&mut self, on: usize, endpoint: &str) {
        self.must(format!(r#""do": "connect", "endpoint": "{endpoint}", "on": {on}"#), "connecting").await;
    }

    /// Tells the next step, the members of a JSON object.
    pub async fn tell(&mut self, step: impl Display) {
        let step = format!("{{{step}}}\n");
        self.steps.write_all(step.as_bytes()).await.expect("the libzmq peer lives");
        self.told.push(step);
    }

    /// The answer to the first step that has none yet.
    pub async fn hear(&mut self) -> String {
        let told = self.told.remove(0);
        let answer = match tokio::time::timeout(ANSWER_MAX, self.answers.next_line()).await {
            Ok(Ok(Some(answer))) => answer,
            Ok(gone) => panic!("the libzmq peer is gone: {gone:?}; it had to {told}"),
            Err(_) => panic!("no answer in {ANSWER_MAX:?} from the libzmq peer, which had to {told}"),
        };
        assert!(!answer.starts_with("failed:"), "the libzmq peer {answer}");
        answer
    }

    /// Tells a step and hears its answer.
    pub async fn ask(&mut self, step: impl Display) -> String {
        assert!(self.told.is_empty(), "the answers to {:?} were not heard", self.told);
        self.tell(step).await;
        self.hear().await
    }

    /// The next answers are these.
    pub async fn says(&mut self, answers: &[&str]) {
        for answer in answers {
            let told = self.told.first().cloned();
            assert_eq!(&self.hear().await, answer, "left: said, right: expected; of {told:?}");
        }
    }

    /// Tells a step whose answer begins so.
    pub async fn must(&mut self, step: impl Display, start: &str) -> String {
        let step = step.to_string();
        let answer = self.ask(&step).await;
        assert!(answer.starts_with(start), "the libzmq peer said {answer:?} to {step}");
        answer
    }

    /// Ends the process as a crash would.
    pub async fn kill(mut self) {
        self.process.kill().await.expect("the libzmq peer was alive");
    }
}

/// Octets as `peer.py` makes them too: parts given by their lengths.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Payload {
    lens: Vec<usize>,
    seed: usize,
}

impl Payload {
    /// A part for each length; payloads with different seeds differ.
    pub fn new(lens: &[usize], seed: usize) -> Self {
        Self { lens: lens.to_vec(), seed }
    }

    /// The parts.
    pub fn parts(&self) -> Vec<Vec<u8>> {
        let seeded = self.lens.iter().enumerate();
        seeded.map(|(at, &len)| octets(len, self.seed + at)).collect()
    }

    /// A message of the parts.
    pub fn message(&self) -> Message {
        self.behind(&[])
    }

    /// A message of the parts behind others.
    pub fn behind(&self, first: &[&[u8]]) -> Message {
        Message::multipart(first.iter().map(|part| part.to_vec()).chain(self.parts()))
    }

    /// The step that sends it.
    pub fn send(&self) -> String {
        format!(r#""do": "send", "parts": {}"#, self.json())
    }

    /// The step that sends it behind a text.
    pub fn send_behind(&self, text: &str) -> String {
        format!(r#""do": "send", "parts": ["{text}"{}]"#, self.members(true))
    }

    /// The step that sends it behind the parts that `expect` kept.
    pub fn reply(&self) -> String {
        format!(r#""do": "reply", "parts": {}"#, self.json())
    }

    /// The step that receives it, behind so many parts that are kept; the answer is "same".
    pub fn expect(&self, keep: usize) -> String {
        format!(r#""do": "expect", "parts": {}, "keep": {keep}"#, self.json())
    }

    /// The step that sends it behind an empty part.
    pub fn send_delimited(&self) -> String {
        self.send_behind("")
    }

    /// The message is this one, octet for octet.
    #[track_caller]
    pub fn is(&self, message: &Message) {
        self.follows(&[], message);
    }

    /// The message is this one behind those parts, octet for octet.
    #[track_caller]
    pub fn follows(&self, first: &[&[u8]], message: &Message) {
        assert!(*message == self.behind(first), "received {message:?}, expected {self:?} behind {first:?}");
    }

    fn json(&self) -> String {
        format!("[{}]", self.members(false))
    }

    fn members(&self, follow: bool) -> String {
        let mut json = String::new();
        for (at, len) in self.lens.iter().enumerate() {
            let comma = if follow || at > 0 { ", " } else { "" };
            // A string takes whatever it is given.
            let _ = write!(json, "{comma}[{len}, {}]", self.seed + at);
        }
        json
    }
}

/// The message that `peer.py` pours and takes under this number.
pub fn numbered(number: u64, len: usize) -> Message {
    let mut octets = vec![0; len];
    octets[..8].copy_from_slice(&number.to_be_bytes());
    octets.into()
}

/// The number of a message that `peer.py` poured, whose other octets are checked too.
#[track_caller]
pub fn number(message: &Message, len: usize) -> u64 {
    let number = message[0].first_chunk().map(|number| u64::from_be_bytes(*number)).expect("a numbered message");
    assert_eq!(*message, numbered(number, len));
    number
}

/// A port that nobody listens on. It is none that the system gives to a connection: one that is dialled before anybody
/// listens there could be given to the dialler, who would then speak to himself.
pub fn free_port() -> u16 {
    static TRIED: AtomicU16 = AtomicU16::new(0);
    // Far from those of a run that began shortly before.
    let start = (std::process::id() as u16).wrapping_mul(251);
    (0..PORTS.len())
        .map(|_| PORTS.start + start.wrapping_add(TRIED.fetch_add(1, Ordering::Relaxed)) % PORTS.len() as u16)
        .find(|&port| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok())
        .expect("a free port")
}

/// The Python with pyzmq. Without one there is nothing to test here, which is said once, and is a failure where tests
/// are to be complete.
pub fn interpreter() -> Option<PathBuf> {
    static SAID: Once = Once::new();
    if let Some(given) = std::env::var_os("ZEPTOMQ_PYTHON") {
        return Some(given.into());
    }
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.venv/bin/python");
    if own.exists() {
        return Some(own);
    }
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{MISSING}");
    // Written past the test harness, which shows what a test prints only when it fails.
    SAID.call_once(|| drop(writeln!(std::io::stderr(), "{MISSING}")));
    None
}

fn octets(len: usize, seed: usize) -> Vec<u8> {
    static BLOCK: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let mut state: u32 = 1;
        let next = |_| {
            state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345) % (1 << 31);
            (state >> 16) as u8
        };
        (0..BLOCK_LEN).map(next).collect()
    });
    let (end, start) = BLOCK.split_at(seed * 7919 % BLOCK_LEN);
    let mut octets = [start, end].concat().repeat(len / BLOCK_LEN + 1);
    octets.truncate(len);
    octets
}

/// Longer than any step of `peer.py` takes.
const ANSWER_MAX: Duration = Duration::from_secs(25);
const BLOCK_LEN: usize = 65_521;
const PORTS: std::ops::Range<u16> = 12_000..30_000;
const MISSING: &str = "NOT TESTED against libzmq: there is no Python with pyzmq. `cargo xtask test` sets one up.";
