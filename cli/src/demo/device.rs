//! Does a device keep up with sockets of a server? The node of the firmware, in fixed memory, beside six sockets on tokio.

use std::cell::Cell;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedReceiver;
use zeptomq::{BindError, Pub, Pull, Push, Rep, Req, Sub};
use zeptomq_demo_app::{COMMANDS_PORT, REPORTS_PORT, REQUESTS_PORT, TELEMETRY_PORT, TIME_PORT, WORK_PORT};

use super::latency::Latencies;
use super::pipeline::Never;
use super::wire::{HostEnd, Wire};
use super::{node, while_shown};
use crate::failure::Failure;
use crate::report::grouped;

/// What the device and the server did.
pub(super) struct Device {
    /// Messages of telemetry in `half`: at first, and after the command.
    pub(super) telemetry: [u64; 2],
    /// How long each was listened to.
    pub(super) half: Duration,
    /// How many jobs were done.
    pub(super) jobs: u64,
    /// How many of them were about primes.
    pub(super) primes: u64,
    /// What a call of the device took, from before it was sent until its answer was there.
    pub(super) calls: Latencies,
    /// How often the device was told the time.
    pub(super) told: u64,
    /// How long work was done and calls were made.
    pub(super) elapsed: Duration,
}

/// The sockets of the server.
struct Server {
    telemetry: Sub,
    requests: Req,
    work: Push,
    reports: Pull,
    commands: Pub,
    time: Rep,
}

/// Runs the device and the server for two times this time.
pub(super) async fn run(half: Duration) -> Result<Device, Failure> {
    let wire = Wire::default();
    let listening = [REPORTS_PORT, COMMANDS_PORT, TIME_PORT].map(|port| wire.listen(port));
    let mut device = tokio::spawn(node::run(wire.clone()));
    let done = Cell::new(0);
    let work = async {
        let server = Server::start(&wire, listening).await?;
        server.work_with_device(half, &done).await
    };
    let state = |_| format!("device: {} jobs done for a server", grouped(done.get()));
    let shown = tokio::select! {
        shown = while_shown(work, state) => shown,
        ended = &mut device => match ended.map_err(Failure::failed)? {
            Ok(never) => match never {},
            Err(failure) => Err(failure),
        },
    };
    device.abort();
    shown
}

impl Server {
    /// Dials the device where it listens, and waits until it has dialled the server.
    async fn start(wire: &Wire, listening: [UnboundedReceiver<HostEnd>; 3]) -> Result<Self, Failure> {
        let (telemetry, requests, work) = (Sub::new(), Req::new(), Push::new());
        telemetry.subscribe("telemetry.temp");
        let dial = |port| {
            let wire = wire.clone();
            move || std::future::ready(Ok(wire.dial_device(port)))
        };
        telemetry.connect_with("device", dial(TELEMETRY_PORT)).map_err(Failure::failed)?;
        requests.connect_with("device", dial(REQUESTS_PORT)).map_err(Failure::failed)?;
        work.connect_with("device", dial(WORK_PORT)).map_err(Failure::failed)?;

        let (reports, commands, time) = (Pull::new(), Pub::new(), Rep::new());
        let [at_reports, at_commands, at_time] = listening;
        serve(at_reports, |stream| reports.serve(stream, "device")).await?;
        serve(at_commands, |stream| commands.serve(stream, "device")).await?;
        serve(at_time, |stream| time.serve(stream, "device")).await?;
        Ok(Self { telemetry, requests, work, reports, commands, time })
    }

    async fn work_with_device(self, half: Duration, done: &Cell<u64>) -> Result<Device, Failure> {
        let Self { telemetry, requests, work, reports, commands, time } = self;
        commands.wait_for_subscribers("cmd.rate", 1).await;
        work.wait_for_peers(1).await;
        let (until, told) = (Instant::now() + 2 * half, Cell::new(0));
        let begun = Instant::now();
        let all = async {
            tokio::try_join!(
                listen(telemetry, commands, half),
                farm_out(work, reports, until, done),
                call(requests, until),
            )
        };
        tokio::select! {
            all = all => {
                let (telemetry, (jobs, primes), calls) = all?;
                Ok(Device { telemetry, half, jobs, primes, calls, told: told.get(), elapsed: begun.elapsed() })
            }
            ended = tell_time(time, &told) => match ended? {},
        }
    }
}

/// Waits for the device's connection.
async fn serve(
    mut listening: UnboundedReceiver<HostEnd>,
    serve: impl FnOnce(HostEnd) -> Result<(), BindError>,
) -> Result<(), Failure> {
    let stream = listening.recv().await.ok_or_else(|| Failure::failed("the device does not connect"))?;
    serve(stream).map_err(Failure::failed)
}

/// Counts the telemetry of a while; then sends the device a command for more, and counts again.
async fn listen(mut telemetry: Sub, commands: Pub, half: Duration) -> Result<[u64; 2], Failure> {
    telemetry.recv().await.map_err(Failure::failed)?;
    let before = count(&mut telemetry, half).await?;
    commands.send(format!("cmd.rate {MORE_OFTEN_MS}")).await.map_err(Failure::failed)?;
    let after = count(&mut telemetry, half).await?;
    Ok([before, after])
}

async fn count(telemetry: &mut Sub, duration: Duration) -> Result<u64, Failure> {
    let mut messages = 0;
    let counting = async {
        loop {
            let message = telemetry.recv().await.map_err(Failure::failed)?;
            let value = message.part(1).and_then(|value| std::str::from_utf8(value).ok());
            if value.and_then(|value| value.parse::<f32>().ok()).is_none() {
                return Err(Failure::failed("the telemetry is no number"));
            }
            messages += 1;
        }
    };
    match tokio::time::timeout(duration, counting).await {
        Ok(ended) => ended,
        Err(_) => Ok(messages),
    }
}

/// Has the device judge one number after the other, some on their way at once. How many, and how many were prime.
async fn farm_out(work: Push, mut reports: Pull, until: Instant, done: &Cell<u64>) -> Result<(u64, u64), Failure> {
    let boot = reports.recv().await.map_err(Failure::failed)?;
    if boot.part(0) != Some(b"boot") {
        return Err(Failure::failed("the device did not say that it has started"));
    }
    let (mut sent, mut answered, mut primes) = (0, 0, 0);
    loop {
        while sent < answered + IN_FLIGHT && Instant::now() < until {
            work.send(format!("job {}", FIRST_JOB + sent)).await.map_err(Failure::failed)?;
            sent += 1;
        }
        if answered == sent {
            return Ok((answered, primes));
        }
        let report = reports.recv().await.map_err(Failure::failed)?;
        let number = FIRST_JOB + answered;
        match report.part(0) {
            Some(text) if text == format!("done {number} true").as_bytes() => primes += 1,
            Some(text) if text == format!("done {number} false").as_bytes() => (),
            _ => return Err(Failure::Failed(format!("the device did not answer job {number}"))),
        }
        answered += 1;
        done.set(answered);
    }
}

/// Calls the device: a call, its answer, the next call.
async fn call(mut requests: Req, until: Instant) -> Result<Latencies, Failure> {
    let mut latencies = Vec::with_capacity(1 << 16);
    loop {
        let called = Instant::now();
        if called > until {
            return Ok(Latencies::new(latencies));
        }
        let answer = requests.request("ping").await.map_err(Failure::failed)?;
        if answer.part(0) != Some(b"pong") {
            return Err(Failure::failed("the device did not answer a call"));
        }
        latencies.push(called.elapsed());
    }
}

/// Tells the device the time whenever it asks, until something is wrong.
async fn tell_time(mut time: Rep, told: &Cell<u64>) -> Result<Never, Failure> {
    let begun = Instant::now();
    loop {
        let (_, responder) = time.accept().await.map_err(Failure::failed)?;
        responder.reply(format!("{} ms", begun.elapsed().as_millis())).await.map_err(Failure::failed)?;
        told.set(told.get() + 1);
    }
}

/// The period of the telemetry after the command, in milliseconds.
pub(super) const MORE_OFTEN_MS: u32 = 10;

/// How many jobs are on their way at once.
const IN_FLIGHT: u64 = 64;

const FIRST_JOB: u64 = 1_000_000;
