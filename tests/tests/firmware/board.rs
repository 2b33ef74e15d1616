//! How does a test boot the node, and what does the node say of itself?

use std::io::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use zeptomq_tests::python::free_port;

/// A board in QEMU. Its ports are those of this machine that QEMU forwards to it.
pub(crate) struct Board {
    pub(crate) telemetry: u16,
    pub(crate) requests: u16,
    pub(crate) work: u16,
    qemu: Child,
    log: Arc<Log>,
    qemus_log: Arc<Log>,
}

/// What the node, or QEMU, has said.
#[derive(Default)]
struct Log {
    lines: Mutex<Vec<String>>,
    grew: Notify,
}

impl Board {
    /// A board whose node is up, with nobody on this machine to connect to.
    pub(crate) async fn boot() -> Self {
        for port in [REPORTS_PORT, COMMANDS_PORT, TIME_PORT] {
            need_port(port).await;
        }
        let [telemetry, requests, work] = std::array::from_fn(|_| free_port());
        let forwards = [(telemetry, 5556), (requests, 5557), (work, 5560)]
            .map(|(ours, theirs)| format!(",hostfwd=tcp:127.0.0.1:{ours}-:{theirs}"));
        let mut qemu = Command::new(QEMU)
            .args(["-machine", "lm3s6965evb", "-display", "none", "-monitor", "none", "-serial", "stdio", "-nic"])
            .arg(format!("user{}", forwards.concat()))
            .arg("-kernel")
            .arg(firmware().expect("an image, for which every test asked"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("QEMU starts");
        let (log, qemus_log) = (Arc::new(Log::default()), Arc::new(Log::default()));
        tokio::spawn(log.clone().fill(BufReader::new(qemu.stdout.take().expect("its output is ours"))));
        tokio::spawn(qemus_log.clone().fill(BufReader::new(qemu.stderr.take().expect("its output is ours"))));
        let board = Self { telemetry, requests, work, qemu, log, qemus_log };
        let up = board.log.until(|lines| lines.iter().any(|line| line == UP));
        timeout(BOOT_MAX, up).await.unwrap_or_else(|_| panic!("the node is not up after {BOOT_MAX:?}"));
        board
    }

    /// Stops the whole board, or lets it go on.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.qemu.id().expect("QEMU runs").to_string();
        let sent = std::process::Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.expect("there is a `kill`").success());
    }

    /// The node is up for the first time, has said nothing but how much of its stack it used, and that was not all.
    /// Returns how much, in octets.
    pub(crate) async fn end(mut self) -> usize {
        // It looks at its stack once a second, after the work.
        let said = self.log.until(|lines| lines.iter().any(|line| stack(line).is_some()));
        timeout(BOOT_MAX, said).await.expect("the node says how much of its stack it used");
        assert!(self.qemu.try_wait().expect("QEMU can be asked").is_none(), "QEMU ended");
        let lines = self.log.lines.lock().unwrap();
        let (up, others): (Vec<_>, Vec<_>) = lines.iter().partition(|line| *line == UP);
        assert_eq!(up.len(), 1, "the node started anew");
        let mut deepest = 0;
        for line in others {
            let (used, len) = stack(line).unwrap_or_else(|| panic!("the node said {line:?}"));
            assert!(used < len, "{line}");
            deepest = deepest.max(used);
        }
        deepest
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for (whose, log) in [("The node's", &self.log), ("QEMU's", &self.qemus_log)] {
                println!("{whose} log:\n{}", log.lines.lock().unwrap().join("\n"));
            }
        }
    }
}

impl Log {
    async fn fill(self: Arc<Self>, octets: impl tokio::io::AsyncBufRead + Unpin) {
        let mut lines = octets.lines();
        while let Ok(Some(line)) = lines.next_line().await {
            self.lines.lock().unwrap().push(line.trim_end().to_owned());
            self.grew.notify_waiters();
        }
    }

    async fn until(&self, done: impl Fn(&[String]) -> bool) {
        loop {
            let grew = self.grew.notified();
            if done(&self.lines.lock().unwrap()) {
                return;
            }
            grew.await;
        }
    }
}

/// Where answers to jobs go.
pub(crate) const REPORTS_PORT: u16 = 5558;
/// Where the node hears commands.
pub(crate) const COMMANDS_PORT: u16 = 5559;
/// Where it asks for the time.
pub(crate) const TIME_PORT: u16 = 5561;

/// Whether there is a QEMU and an image for it. If not that is said once, and is a failure where tests are to be complete.
pub(crate) fn is_there() -> bool {
    static SAID: Once = Once::new();
    let missing = match firmware() {
        Some(path) => {
            assert!(path.exists(), "{FIRMWARE} is {}, which is not there", path.display());
            if qemu_starts() {
                return true;
            }
            NO_QEMU
        }
        None => NO_FIRMWARE,
    };
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{missing}");
    // Written past the test harness, which shows what a test prints only when it fails.
    SAID.call_once(|| drop(writeln!(std::io::stderr(), "{missing}")));
    false
}

fn qemu_starts() -> bool {
    let version =
        std::process::Command::new(QEMU).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

fn firmware() -> Option<PathBuf> {
    std::env::var_os(FIRMWARE).map(PathBuf::from)
}

/// Whoever had the port in the test before may still be ending.
async fn need_port(port: u16) {
    let mut taken = String::new();
    for _ in 0..100 {
        match TcpListener::bind(("127.0.0.1", port)) {
            Ok(_) => return,
            Err(error) => taken = error.to_string(),
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("port {port} of 127.0.0.1, to which the node connects, is taken: {taken}; end what listens there first");
}

/// Used and available octets, if the line says so.
fn stack(line: &str) -> Option<(usize, usize)> {
    let (used, rest) = line.strip_prefix("zeptomq-demo: ")?.split_once(" of ")?;
    let len = rest.strip_suffix(" octets of stack were used")?;
    Some((used.parse().ok()?, len.parse().ok()?))
}

const QEMU: &str = "qemu-system-arm";
const FIRMWARE: &str = "ZEPTOMQ_FIRMWARE";
const UP: &str = "zeptomq-demo: 10.0.2.15 is up";
const BOOT_MAX: Duration = Duration::from_secs(20);
const NO_QEMU: &str = "SKIPPED, the firmware: there is no qemu-system-arm. `cargo xtask test` says how to get it.";
const NO_FIRMWARE: &str = "SKIPPED, the firmware: there is no image. `cargo xtask test` builds one and tests it; by hand: \
                           ZEPTOMQ_FIRMWARE=$(cargo xtask firmware | tail -n 1) cargo test -p zeptomq-tests --test firmware";
