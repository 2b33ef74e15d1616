//! How is what was measured shown, and what follows from it?

use std::fmt::Write as _;
use std::time::Duration;

use zeptomq_demo_app::SOCKETS_SIZE;

use super::device::{Device, MORE_OFTEN_MS};
use super::latency::{Latencies, shown};
use super::pipeline::{Pipeline, WORKERS};
use super::publisher::{HEARD_BY, Publishing, SUBSCRIBERS};
use super::requests::{Calls, IN_FLIGHT};
use crate::report::grouped;

/// Everything that was measured.
pub(super) fn table(pipeline: &Pipeline, publishing: &Publishing, calls: &Calls, flight: &Calls) -> String {
    let mut rows = vec![
        ["", "messages", "per second", "p50", "p90", "p99", "max"].map(str::to_owned),
        stream(format!("PUSH > {WORKERS} workers > PULL"), pipeline.tasks, pipeline.elapsed),
        stream(format!("PUB > {SUBSCRIBERS} SUB, filtered"), publishing.published * HEARD_BY, publishing.elapsed),
    ];
    rows.extend([
        row("REQ > REP, one at a time".to_owned(), calls),
        row(format!("DEALER > ROUTER, {IN_FLIGHT} in flight"), flight),
    ]);
    lines(&rows)
}

/// What the device did with its server.
pub(super) fn of_device(device: &Device) -> String {
    let [before, after] = device.telemetry;
    let [per_second, p50, p90, p99, max] = ["-"; 5].map(str::to_owned);
    lines(&[
        timed("REQ > device".to_owned(), &device.calls, device.elapsed),
        stream("PUSH > device > PULL, jobs".to_owned(), device.jobs, device.elapsed),
        stream("device > SUB, telemetry".to_owned(), before, device.half),
        stream(format!("PUB > device: cmd.rate {MORE_OFTEN_MS}; > SUB"), after, device.half),
        ["device > REP: time?".to_owned(), grouped(device.told), per_second, p50, p90, p99, max],
    ])
}

fn lines(rows: &[[String; 7]]) -> String {
    let mut table = String::new();
    for [name, numbers @ ..] in rows {
        let _ = write!(table, "{name:<32}");
        for number in numbers {
            let _ = write!(table, "{number:>12}");
        }
        table.push('\n');
    }
    table
}

/// The two ways of calling, side by side: of what does the time of half of the calls consist?
pub(super) fn two_ways(calls: &Calls, flight: &Calls) -> String {
    let parts = |calls: &Calls| [&calls.first, &calls.rest, &calls.latencies].map(|of| shown(of.percentile(50.0)));
    let ([send, handle, asynchronous], [call, response, synchronous]) = (parts(flight), parts(calls));
    format!(
        "
Two ways of calling, medians:
  synchronous    T_sync  = T_call + T_response   {call:>9} + {response:>9}   {synchronous:>9}   the caller waits for all of it
  asynchronous   T_async = T_send + T_handle     {send:>9} + {handle:>9}   {asynchronous:>9}   the caller goes on after {send}
"
    )
}

/// What a reader should take from it, one sentence for each row.
pub(super) fn conclusions(pipeline: &Pipeline, publishing: &Publishing, calls: &Calls, flight: &Calls) -> String {
    let share = |tasks: u64| format!("{:.0}%", tasks as f64 * 100.0 / pipeline.tasks.max(1) as f64);
    let shares = pipeline.shares.map(share).join(", ");
    let times = rate(flight.latencies.count(), flight.elapsed) / rate(calls.latencies.count(), calls.elapsed);
    format!(
        "
Pipeline: all {tasks} tasks came back exactly once, through workers that had {shares} of them.
PUB/SUB: each of {published} messages was heard by the {HEARD_BY} of {SUBSCRIBERS} subscribers that wanted it, and by no other.
REQ/REP: who waits for each reply pays a round trip per call: half took up to {p50}, 99 of 100 up to {p99}.
DEALER/ROUTER: with {IN_FLIGHT} requests on their way at once, {times:.1} times as many are answered per second, and half of \
them take up to {waited} instead of {p50}.
",
        tasks = grouped(pipeline.tasks),
        published = grouped(publishing.published),
        p50 = shown(calls.latencies.percentile(50.0)),
        p99 = shown(calls.latencies.percentile(99.0)),
        waited = shown(flight.latencies.percentile(50.0)),
    )
}

/// What the device did, for who has never seen one.
pub(super) fn of_device_in_words(device: &Device) -> String {
    let [before, after] = device.telemetry.map(|messages| rate(messages, device.half).round());
    format!(
        "\
Device: the node of embedded-demo, its six sockets in {octets} octets, over pipes in memory. It answered {jobs} jobs in order \
({primes} numbers were prime); told to, it sent its temperature {after} times a second instead of {before}.
",
        octets = grouped(SOCKETS_SIZE as u64),
        jobs = grouped(device.jobs),
        primes = grouped(device.primes),
    )
}

/// A row without latencies.
fn stream(name: String, messages: u64, elapsed: Duration) -> [String; 7] {
    let [p50, p90, p99, max] = ["-"; 4].map(str::to_owned);
    [name, grouped(messages), per_second(messages, elapsed), p50, p90, p99, max]
}

fn row(name: String, calls: &Calls) -> [String; 7] {
    timed(name, &calls.latencies, calls.elapsed)
}

fn timed(name: String, latencies: &Latencies, elapsed: Duration) -> [String; 7] {
    let percentile = |percent| shown(latencies.percentile(percent));
    let count = latencies.count();
    [
        name,
        grouped(count),
        per_second(count, elapsed),
        percentile(50.0),
        percentile(90.0),
        percentile(99.0),
        percentile(100.0),
    ]
}

fn per_second(count: u64, elapsed: Duration) -> String {
    grouped(rate(count, elapsed).round() as u64)
}

fn rate(count: u64, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::{
        Calls, Device, Duration, Latencies, Pipeline, Publishing, conclusions, of_device, of_device_in_words, table,
        two_ways,
    };

    #[test]
    fn columns_stand_below_their_heads_and_each_row_has_its_sentence() {
        let pipeline = Pipeline { tasks: 1_234_567, elapsed: Duration::from_secs(2), shares: [308_642; 4] };
        let publishing = Publishing { published: 4000, elapsed: Duration::from_secs(1) };
        let of = |us, count| Latencies::new(vec![Duration::from_micros(us); count]);
        let calls = |us, count| Calls {
            latencies: of(us, count),
            first: of(us / 10, count),
            rest: of(us - us / 10, count),
            elapsed: Duration::from_secs(1),
        };
        let (calls, flight) = (calls(50, 1_000), calls(200, 12_500));
        let table = table(&pipeline, &publishing, &calls, &flight);
        let widths: Vec<_> = table.lines().map(|line| line.chars().count()).collect();
        assert_eq!(widths, [104; 5], "{table}");
        assert!(table.contains("     617,284") && table.contains("       8,000       8,000"), "{table}");
        let device = Device {
            telemetry: [7, 70],
            half: Duration::from_millis(700),
            jobs: 12_345,
            primes: 678,
            calls: of(20, 1_400),
            told: 1,
            elapsed: Duration::from_millis(1400),
        };
        let of_device = of_device(&device);
        let widths: Vec<_> = of_device.lines().map(|line| line.chars().count()).collect();
        assert_eq!(widths, [104; 5], "{of_device}");
        assert!(of_device.contains("      12,345       8,818"), "{of_device}");
        let words = of_device_in_words(&device);
        assert!(words.contains("100 times a second instead of 10."), "{words}");
        let ways = two_ways(&calls, &flight);
        assert!(ways.contains("   5.0 µs +   45.0 µs     50.0 µs   the caller waits"), "{ways}");
        assert!(ways.contains("  20.0 µs +    180 µs      200 µs   the caller goes on after 20.0 µs"), "{ways}");
        let conclusions = conclusions(&pipeline, &publishing, &calls, &flight);
        assert!(conclusions.contains("12.5 times as many") && conclusions.contains("25%, 25%, 25%, 25%"));
    }
}
