//! One open file a connection, and the system's limit of them.

use super::LoadError;

/// Files that a process needs besides its connections.
const BESIDES: u64 = 64;

/// Raises the soft limit of open files so that `connections` fit.
///
/// # Errors
/// When the hard limit is too low.
#[cfg(unix)]
pub fn allow_open_files(connections: usize) -> Result<(), LoadError> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};

    let needed = connections as u64 + BESIDES;
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return Ok(()) };
    if soft >= needed {
        return Ok(());
    }
    if hard < needed || setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_err() {
        return Err(LoadError::OpenFiles { needed, limit: hard });
    }
    Ok(())
}

/// Elsewhere there is no such limit to raise.
#[cfg(not(unix))]
pub fn allow_open_files(_: usize) -> Result<(), LoadError> {
    Ok(())
}

/// The soft limit; 0 where it is not known.
#[must_use]
pub fn open_files_max() -> u64 {
    #[cfg(unix)]
    {
        use nix::sys::resource::{Resource, getrlimit};
        getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(soft, _)| soft)
    }
    #[cfg(not(unix))]
    0
}

/// Files that this process has open; 0 where the system does not tell.
pub(super) fn open_files() -> u64 {
    std::fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64)
}
