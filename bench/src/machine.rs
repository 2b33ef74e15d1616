//! Asks the system for time, CPU time, memory and CPUs.

use std::fs;
use std::time::Duration;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use nix::sys::time::TimeValLike;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;

/// Nanoseconds of the monotonic clock, which all processes of a machine share.
#[inline]
pub(crate) fn now_ns() -> u64 {
    match clock_gettime(ClockId::CLOCK_MONOTONIC) {
        Ok(time) => Duration::from(time).as_nanos() as u64,
        Err(_) => 0,
    }
}

/// CPU time of this process, user and system, in nanoseconds (getrusage).
pub(crate) fn cpu_ns() -> Result<u64, String> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).map_err(|error| format!("getrusage: {error}"))?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(micros as u64 * 1000)
}

/// Peak resident memory of this process in KiB.
///
/// Not `ru_maxrss`: across exec that keeps the peak of the parent's image.
pub(crate) fn peak_rss_kib() -> Result<u64, String> {
    status_kib("VmHWM:")
}

/// Resident memory of this process in KiB.
pub(crate) fn rss_kib() -> Result<u64, String> {
    status_kib("VmRSS:")
}

fn status_kib(name: &str) -> Result<u64, String> {
    let status = fs::read_to_string("/proc/self/status").map_err(|error| format!("/proc/self/status: {error}"))?;
    status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
        .ok_or_else(|| format!("/proc/self/status has no {name}"))
}

/// Raises the number of files that this process may open as far as it may: many connections are many files.
pub(crate) fn allow_many_files() -> Result<(), String> {
    getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, most)| setrlimit(Resource::RLIMIT_NOFILE, most, most))
        .map_err(|error| format!("raise the number of open files: {error}"))
}

/// The CPUs that this process may use: the last two, or the only one twice. The last comes first, for the machine's
/// first serves most interrupts.
pub(crate) fn two_cpus() -> Result<[usize; 2], String> {
    let allowed = sched_getaffinity(Pid::from_raw(0)).map_err(|error| format!("sched_getaffinity: {error}"))?;
    let mut cpus = (0..CpuSet::count()).rev().filter(|cpu| allowed.is_set(*cpu).unwrap_or(false));
    let last = cpus.next().ok_or_else(|| String::from("sched_getaffinity allows no CPU"))?;
    Ok([last, cpus.next().unwrap_or(last)])
}

/// Confines this process, and the threads it starts from now on, to one CPU.
pub(crate) fn pin(cpu: usize) -> Result<(), String> {
    let mut set = CpuSet::new();
    set.set(cpu)
        .and_then(|()| sched_setaffinity(Pid::from_raw(0), &set))
        .map_err(|error| format!("sched_setaffinity to CPU {cpu}: {error}"))
}

/// One line about the machine: CPUs, their model, the kernel.
pub(crate) fn description() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("CPU of unknown model", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let cpus = std::thread::available_parallelism().map_or(0, |count| count.get());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{cpus} × {model}, Linux {}", kernel.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_answers() {
        let before = now_ns();
        assert!(before > 0 && now_ns() >= before);
        assert!(cpu_ns().is_ok());
        let rss_kib = rss_kib().unwrap();
        assert!(rss_kib > 100 && peak_rss_kib().unwrap() >= rss_kib);
        assert!(two_cpus().is_ok());
    }
}
