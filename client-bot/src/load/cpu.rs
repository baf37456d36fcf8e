//! CPU time of this process and of a server beside it.

/// Units of `/proc/PID/stat` in a second: the same on every Linux that we know.
#[cfg(target_os = "linux")]
const STAT_HZ: f64 = 100.0;

/// CPU times at the begin of a window.
pub(crate) struct CpuMeter {
    own_s: Option<f64>,
    server: Option<(u32, f64)>,
}

/// CPU used in a window.
pub(crate) struct Cpu {
    /// Of one core.
    pub(crate) own: Option<f64>,
    /// In seconds.
    pub(crate) server: Option<f64>,
}

impl CpuMeter {
    pub(crate) fn start(server_pid: Option<u32>) -> Self {
        let server = server_pid.and_then(|pid| Some((pid, process_s(pid)?)));
        Self { own_s: own_s(), server }
    }

    pub(crate) fn stop(self, seconds: f64) -> Cpu {
        let own = self.own_s.and_then(|before| Some((own_s()? - before) / seconds));
        let server = self.server.and_then(|(pid, before)| Some(process_s(pid)? - before));
        Cpu { own, server }
    }
}

#[cfg(unix)]
fn own_s() -> Option<f64> {
    use nix::sys::resource::{UsageWho, getrusage};

    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let spent = [usage.user_time(), usage.system_time()];
    Some(spent.iter().map(|time| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6).sum())
}

#[cfg(not(unix))]
fn own_s() -> Option<f64> {
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
