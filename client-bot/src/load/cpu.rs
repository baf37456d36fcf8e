//! CPU time of this process, and CPU time and memory of a server beside it.

/// CPU time and memory of another process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProcessMeter {
    pid: u32,
}

impl ProcessMeter {
    pub(crate) fn new(pid: u32) -> Self {
        Self { pid }
    }

    /// Time on a core of all threads that it has, in seconds.
    pub(crate) fn cpu_s(self) -> Option<f64> {
        process_s(self.pid)
    }

    /// Files that it has open.
    pub(crate) fn open_files(self) -> Option<usize> {
        Some(std::fs::read_dir(format!("/proc/{}/fd", self.pid)).ok()?.count())
    }

    /// Threads that it has.
    pub(crate) fn threads(self) -> Option<usize> {
        Some(std::fs::read_dir(format!("/proc/{}/task", self.pid)).ok()?.count())
    }

    /// Resident memory, in KiB.
    pub(crate) fn resident_kib(self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    }
}

/// Part of the machine's time since its start that its host gave to others, as the
/// pair of both times in the same unit.
pub(crate) fn stolen() -> Option<(u64, u64)> {
    let stat = std::fs::read_to_string("/proc/stat").ok()?;
    let fields = stat.lines().next()?.split_ascii_whitespace().skip(1);
    let times: Vec<u64> = fields.map_while(|field| field.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal; guest times are within user.
    Some((*times.get(7)?, times.iter().take(8).sum()))
}

#[cfg(unix)]
pub(super) fn own_s() -> Option<f64> {
    use nix::sys::resource::{UsageWho, getrusage};

    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let spent = [usage.user_time(), usage.system_time()];
    Some(spent.iter().map(|time| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6).sum())
}

#[cfg(not(unix))]
pub(super) fn own_s() -> Option<f64> {
    None
}

/// Time on a core of all threads that a process has.
#[cfg(target_os = "linux")]
fn process_s(pid: u32) -> Option<f64> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    let spent = threads.flatten().filter_map(|thread| {
        // A thread may end while we look.
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_ascii_whitespace().next()?.parse::<u64>().ok()
    });
    let ns: u64 = spent.sum();
    (ns > 0).then_some(ns as f64 / 1e9)
}

#[cfg(not(target_os = "linux"))]
fn process_s(_: u32) -> Option<f64> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_spent_time_and_takes_memory() {
        let meter = ProcessMeter::new(std::process::id());
        let before = meter.cpu_s().expect("this process runs");
        // The system may count in hundredths of a second.
        let mut sum = 0;
        let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while meter.cpu_s().is_some_and(|now| now <= before) {
            assert!(std::time::Instant::now() < end, "because work ({sum}) takes time");
            sum = (0..1_000_000_u64).fold(sum, |sum, n| std::hint::black_box(sum ^ n));
        }
        assert!(meter.resident_kib().is_some_and(|kib| kib > 100));
        assert!(stolen().is_some_and(|(stolen, all)| stolen <= all && all > 0));
        assert_eq!(ProcessMeter::new(u32::MAX).cpu_s(), None, "because there is no such process");
    }
}
