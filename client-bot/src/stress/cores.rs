//! A core for the server and another for the bots.

/// Two cores of this machine. The calling thread gets its own cores back when
/// this is dropped.
#[derive(Debug)]
pub(super) struct Cores {
    #[cfg(target_os = "linux")]
    all: nix::sched::CpuSet,
    #[cfg(target_os = "linux")]
    server: nix::sched::CpuSet,
    #[cfg(target_os = "linux")]
    bots: nix::sched::CpuSet,
}

#[cfg(target_os = "linux")]
impl Cores {
    /// The first two cores that this thread may use, with the thread on the
    /// second; none when there are not two.
    pub(super) fn two() -> Option<Self> {
        use nix::sched::{CpuSet, sched_getaffinity};
        use nix::unistd::Pid;

        let all = sched_getaffinity(Pid::from_raw(0)).ok()?;
        let mut allowed = (0..CpuSet::count()).filter(|&cpu| all.is_set(cpu) == Ok(true));
        let mut only = || {
            let mut set = CpuSet::new();
            set.set(allowed.next()?).ok()?;
            Some(set)
        };
        let (server, bots) = (only()?, only()?);
        let cores = Self { all, server, bots };
        take(&cores.bots).then_some(cores)
    }

    /// Runs `start` on the server's core: a process started by it inherits that,
    /// with all its threads.
    pub(super) fn for_server<T>(&self, start: impl FnOnce() -> T) -> T {
        take(&self.server);
        let started = start();
        take(&self.bots);
        started
    }
}

#[cfg(target_os = "linux")]
impl Drop for Cores {
    fn drop(&mut self) {
        take(&self.all);
    }
}

/// Puts the calling thread on these cores. They were allowed when asked, so a
/// refusal means that the machine just took one away; then it runs where it may.
#[cfg(target_os = "linux")]
fn take(cores: &nix::sched::CpuSet) -> bool {
    nix::sched::sched_setaffinity(nix::unistd::Pid::from_raw(0), cores).is_ok()
}

#[cfg(not(target_os = "linux"))]
impl Cores {
    pub(super) fn two() -> Option<Self> {
        None
    }

    pub(super) fn for_server<T>(&self, start: impl FnOnce() -> T) -> T {
        start()
    }
}
