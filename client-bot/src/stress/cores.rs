//! A core for the server and others for the bots.

/// Cores of this machine. The calling thread gets its own cores back when
/// this is dropped.
#[derive(Debug)]
pub(crate) struct Cores {
    #[cfg(target_os = "linux")]
    all: nix::sched::CpuSet,
    #[cfg(target_os = "linux")]
    server: nix::sched::CpuSet,
    #[cfg(target_os = "linux")]
    bots: nix::sched::CpuSet,
    #[cfg(target_os = "linux")]
    for_bots: usize,
}

#[cfg(target_os = "linux")]
impl Cores {
    /// The first core that this thread may use for the server, and the next ones, one
    /// for each worker as far as there are any, for the bots and this thread; none when
    /// there are not two.
    pub(crate) fn split(workers: usize) -> Option<Self> {
        use nix::sched::{CpuSet, sched_getaffinity};
        use nix::unistd::Pid;

        let all = sched_getaffinity(Pid::from_raw(0)).ok()?;
        let mut allowed = (0..CpuSet::count()).filter(|&cpu| all.is_set(cpu) == Ok(true));
        let (mut server, mut bots) = (CpuSet::new(), CpuSet::new());
        server.set(allowed.next()?).ok()?;
        let mut for_bots = 0;
        for cpu in allowed.take(workers) {
            bots.set(cpu).ok()?;
            for_bots += 1;
        }
        if for_bots == 0 {
            return None;
        }
        let cores = Self { all, server, bots, for_bots };
        take(&cores.bots).then_some(cores)
    }

    /// Runs `start` on the server's core: a process started by it inherits that,
    /// with all its threads.
    pub(crate) fn for_server<T>(&self, start: impl FnOnce() -> T) -> T {
        take(&self.server);
        let started = start();
        take(&self.bots);
        started
    }

    /// Cores that the bots share.
    pub(crate) fn for_bots(&self) -> usize {
        self.for_bots
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
    pub(crate) fn split(_: usize) -> Option<Self> {
        None
    }

    pub(crate) fn for_bots(&self) -> usize {
        1
    }

    pub(crate) fn for_server<T>(&self, start: impl FnOnce() -> T) -> T {
        start()
    }
}
