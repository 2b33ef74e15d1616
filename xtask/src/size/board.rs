//! How is an image run on an emulated board, and what does it leave behind on its stack?

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::step::Stop;
use crate::tools;

/// QEMU's emulation of Arm's MPS2 board with a Cortex-M4F, and an image that runs on it.
pub(super) struct Board {
    emulator: Child,
    /// The serial lines, in the board's order.
    pub(super) lines: Vec<TcpStream>,
}

/// The octets between the end of the variables and the top of the stack.
pub(super) struct Free {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Board {
    /// Starts the image with so many serial lines and its free memory painted.
    pub(super) fn start(image: &Path, lines: usize, free: &Free) -> Result<Self, Stop> {
        let paint = image.with_extension("paint");
        std::fs::write(&paint, vec![PAINT; (free.end - free.start) as usize])
            .map_err(|error| Stop::Failed(format!("{}: {error}", paint.display())))?;
        let mut command = tools::command("qemu-system-arm", ["-machine", "mps2-an386", "-display", "none", "-kernel"]);
        command.arg(image).args(["-monitor", "stdio", "-device"]);
        command.arg(format!("loader,file={},addr={:#x},force-raw=on", paint.display(), free.start));
        let listeners: Vec<TcpListener> =
            (0..lines).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<_, _>>().map_err(failed)?;
        for listener in &listeners {
            let port = listener.local_addr().map_err(failed)?.port();
            command.arg("-serial").arg(format!("tcp:127.0.0.1:{port},nodelay=on"));
        }
        let emulator = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut board = Self { emulator: emulator.map_err(failed)?, lines: Vec::new() };
        for listener in &listeners {
            let line = board.accept(listener)?;
            board.lines.push(line);
        }
        Ok(board)
    }

    /// Stops the board. How deep its stack was, in octets.
    pub(super) fn stack(mut self, image: &Path, free: &Free) -> Result<u32, Stop> {
        let dump = image.with_extension("memory");
        let _ = std::fs::remove_file(&dump);
        let len = free.end - free.start;
        let orders = format!("stop\npmemsave {:#x} {len:#x} \"{}\"\nquit\n", free.start, dump.display());
        let orders = self.emulator.stdin.take().map(|mut stdin| stdin.write_all(orders.as_bytes()));
        orders.transpose().map_err(failed)?;
        let mut said = String::new();
        if let Some(mut stdout) = self.emulator.stdout.take() {
            stdout.read_to_string(&mut said).map_err(failed)?;
        }
        self.emulator.wait().map_err(failed)?;
        let memory = std::fs::read(&dump).map_err(|error| Stop::Failed(format!("{error}; qemu said:\n{said}")))?;
        let untouched = memory.iter().take_while(|octet| **octet == PAINT).count();
        if untouched < 4 {
            return Err(Stop::Failed("the stack has run into the variables".to_owned()));
        }
        Ok(len - untouched as u32)
    }

    /// The emulator connects while it starts, or ends and says why.
    fn accept(&mut self, listener: &TcpListener) -> Result<TcpStream, Stop> {
        listener.set_nonblocking(true).map_err(failed)?;
        let deadline = Instant::now() + START;
        loop {
            if let Ok((line, _)) = listener.accept() {
                line.set_nonblocking(false).map_err(failed)?;
                line.set_nodelay(true).map_err(failed)?;
                return Ok(line);
            }
            let ended = self.emulator.try_wait().map_err(failed)?.is_some();
            if ended || Instant::now() > deadline {
                let _ = self.emulator.kill();
                let mut said = String::new();
                if let Some(mut stderr) = self.emulator.stderr.take() {
                    stderr.read_to_string(&mut said).map_err(failed)?;
                }
                return Err(Stop::Failed(format!("the board did not start: {said}")));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        let _ = self.emulator.kill();
        let _ = self.emulator.wait();
    }
}

/// The first line that an image says when the emulator's clock counts instructions, a nanosecond for each.
pub(super) fn counted(image: &Path) -> Result<String, Stop> {
    let mut command = tools::command("qemu-system-arm", ["-machine", "mps2-an386", "-icount", "shift=0", "-display"]);
    command.args(["none", "-monitor", "none", "-serial", "stdio", "-kernel"]).arg(image);
    let mut emulator = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(failed)?;
    let mut said = Vec::new();
    let mut octet = [0];
    if let Some(mut stdout) = emulator.stdout.take() {
        // An image that says nothing is caught by the deadline of whoever runs this.
        while stdout.read(&mut octet).is_ok_and(|len| len == 1) && octet != *b"\n" {
            said.push(octet[0]);
        }
    }
    let _ = emulator.kill();
    emulator.wait().map_err(failed)?;
    Ok(String::from_utf8_lossy(&said).into_owned())
}

fn failed(error: std::io::Error) -> Stop {
    Stop::Failed(format!("qemu-system-arm: {error}"))
}

/// What free memory holds before the image starts.
const PAINT: u8 = 0xa5;

/// How long the emulator may take to start.
const START: Duration = Duration::from_secs(20);
