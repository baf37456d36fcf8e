//! CPU time of this process, and CPU time and memory of a server beside it.

/// Units of `/proc/PID/stat` in a second: the same on every Linux that we know.
#[cfg(target_os = "linux")]
const STAT_HZ: f64 = 100.0;

/// CPU time and memory of another process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProcessMeter {
    pid: u32,
}

impl ProcessMeter {
    pub(crate) fn new(pid: u32) -> Self {
        Self { pid }
    }

    /// User and system time of all its threads since its start, in seconds.
    pub(crate) fn cpu_s(self) -> Option<f64> {
        process_s(self.pid)
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

/// User and system time of all threads of a process.
#[cfg(target_os = "linux")]
fn process_s(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat_s(&stat)
}

#[cfg(not(target_os = "linux"))]
fn process_s(_: u32) -> Option<f64> {
    None
}

/// The name in the second field may hold anything, so fields count from its end.
#[cfg(target_os = "linux")]
fn stat_s(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut times = fields.split(' ').skip(11).map(str::parse::<f64>);
    let (user, system) = (times.next()?.ok()?, times.next()?.ok()?);
    Some((user + system) / STAT_HZ)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 900 0 0 0 250 50 0 0 20 0 4 0 99 0";
        assert_eq!(stat_s(stat), Some(3.0), "because 250 and 50 hundredths were spent");
        assert!(process_s(std::process::id()).is_some(), "because this process runs");
    }
}
