//! Asks the system for time, CPU time, memory and CPUs.

use std::fs;
use std::time::Duration;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{UsageWho, getrusage};
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
    let status = fs::read_to_string("/proc/self/status").map_err(|error| format!("/proc/self/status: {error}"))?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
        .ok_or_else(|| String::from("/proc/self/status has no VmHWM"))
}

/// The CPU for cells of one CPU: the last that this process may use, for the first serves most interrupts.
pub(crate) fn last_cpu() -> Result<usize, String> {
    let allowed = sched_getaffinity(Pid::from_raw(0)).map_err(|error| format!("sched_getaffinity: {error}"))?;
    (0..CpuSet::count())
        .rev()
        .find(|cpu| allowed.is_set(*cpu).unwrap_or(false))
        .ok_or_else(|| String::from("sched_getaffinity allows no CPU"))
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
        assert!(peak_rss_kib().unwrap() > 100);
        assert!(last_cpu().is_ok());
    }
}
