//! What do the patterns look like while they run? Real sockets over TCP on loopback, then a device in memory with its
//! server; everything shown is measured.

mod device;
mod latency;
mod node;
mod pipeline;
mod publisher;
mod requests;
mod table;
mod wire;

use std::future::Future;
use std::io::{self, Write};
use std::pin::pin;
use std::time::Duration;

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::report::Live;

/// `zepto demo`
pub(crate) async fn run() -> Result<(), Failure> {
    let mut interrupt = Interrupt::listen()?;
    tokio::select! {
        shown = show() => shown,
        () = interrupt.raised() => Err(Failure::Interrupted("interrupted".to_owned())),
        () = tokio::time::sleep(DONE_BY) => Err(Failure::Failed(format!("the demo is not done after {DONE_BY:?}"))),
    }
}

async fn show() -> Result<(), Failure> {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    print(&format!(
        "ZeptoMQ {}: sockets of one process over TCP on 127.0.0.1, {cpus} CPUs, messages of {} octets\n\n",
        env!("CARGO_PKG_VERSION"),
        requests::BODY_LEN,
    ))?;
    let pipeline = pipeline::run(PIPELINE_FOR).await.map_err(|failure| failure.in_part("pipeline"))?;
    let publishing = publisher::run(PUBLISHING_FOR).await.map_err(|failure| failure.in_part("publisher"))?;
    let calls = requests::one_at_a_time(CALLS_FOR).await.map_err(|failure| failure.in_part("REQ and REP"))?;
    let flight = requests::in_flight(CALLS_FOR).await.map_err(|failure| failure.in_part("DEALER and ROUTER"))?;
    let device = device::run(DEVICE_FOR / 2).await.map_err(|failure| failure.in_part("device"))?;
    print(&table::table(&pipeline, &publishing, &calls, &flight))?;
    print(&table::of_device(&device))?;
    print(&table::two_ways(&calls, &flight))?;
    print(&table::conclusions(&pipeline, &publishing, &calls, &flight))?;
    print(&table::of_device_in_words(&device))
}

/// Works until it is done, while a line on the terminal tells how far it is.
async fn while_shown<T>(work: impl Future<Output = T>, state: impl Fn(Duration) -> String) -> T {
    let mut work = pin!(work);
    let mut live = Live::new(true, LIVE_PERIOD);
    let begun = tokio::time::Instant::now();
    let done = loop {
        tokio::select! {
            biased;
            done = &mut work => break done,
            () = live.due() => live.show(&state(begun.elapsed())),
        }
    };
    live.clear();
    done
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::OutputClosed,
        _ => Failure::Failed(format!("cannot write to stdout: {error}")),
    })
}

impl Failure {
    fn in_part(self, part: &str) -> Self {
        match self {
            Self::Failed(reason) => Self::Failed(format!("{part}: {reason}")),
            other => other,
        }
    }
}

/// Any free port of this machine, for this machine alone.
const LOOPBACK: &str = "tcp://127.0.0.1:0";

const PIPELINE_FOR: Duration = Duration::from_millis(1500);
const PUBLISHING_FOR: Duration = Duration::from_millis(1200);
const CALLS_FOR: Duration = Duration::from_millis(1200);
const DEVICE_FOR: Duration = Duration::from_millis(1400);
const LIVE_PERIOD: Duration = Duration::from_millis(200);

/// When something must be wrong, on a busy machine too.
const DONE_BY: Duration = Duration::from_secs(60);
