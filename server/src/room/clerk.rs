//! Writes what rooms that crashed were told, each report on a thread of its own that ends with
//! it: whoever runs the other rooms waits for no disk.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use throng_shared::limits::CRASH_REPORTS_MAX;

use super::blackbox::{Blackbox, Crash};

/// The desk at which crashes are reported.
#[derive(Clone, Debug)]
pub struct Clerk {
    folder: PathBuf,
    /// Reports are this late: a rehearsal of a slow disk.
    delay: Duration,
    desk: Arc<Desk>,
}

#[derive(Debug, Default)]
struct Desk {
    /// Reports that are being written.
    writing: Mutex<usize>,
    one_less: Condvar,
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, usize> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the reports that may be written at once.
struct Place(Arc<Desk>);

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.lock() -= 1;
        self.0.one_less.notify_all();
    }
}

impl Clerk {
    /// One that writes into this folder, `delay` after a crash.
    #[must_use]
    pub fn new(folder: PathBuf, delay: Duration) -> Self {
        Self { folder, delay, desk: Arc::default() }
    }

    /// Has a crash reported, in a file and in the log; in the log alone when too many
    /// reports are being written, or there is no thread.
    pub(super) fn report(&self, blackbox: Blackbox, crash: Crash) {
        let Some(place) = self.place() else {
            say(&crash, "is not written: too many rooms crashed at once");
            return;
        };
        let Self { folder, delay, .. } = self.clone();
        let told = crash.clone();
        let write = move || {
            std::thread::sleep(delay);
            match blackbox.write(&folder, &crash) {
                Ok(path) => tracing::error!(
                    "The room {} crashed after tick {}: {}. Its seed and what it was told are in {}.",
                    crash.room,
                    crash.tick.0,
                    crash.message,
                    path.display()
                ),
                Err(error) => say(&crash, &format!("cannot be written: {error}")),
            }
            drop(place);
        };
        let thread = std::thread::Builder::new().name("room-clerk".to_owned());
        if let Err(error) = thread.spawn(write) {
            say(&told, &format!("is not written, as there is no thread for it: {error}"));
        }
    }

    /// Reports that are being written.
    #[must_use]
    pub fn writing(&self) -> usize {
        *self.desk.lock()
    }

    /// Waits until all is written, for so long at most.
    pub fn wait(&self, most: Duration) {
        let end = Instant::now() + most;
        let mut writing = self.desk.lock();
        while *writing > 0
            && let Some(left) = end.checked_duration_since(Instant::now())
        {
            let waited = self.desk.one_less.wait_timeout(writing, left);
            (writing, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn place(&self) -> Option<Place> {
        let mut writing = self.desk.lock();
        (*writing < CRASH_REPORTS_MAX).then(|| {
            *writing += 1;
            Place(Arc::clone(&self.desk))
        })
    }
}

/// Logs a crash of which nothing else is left.
fn say(crash: &Crash, why: &str) {
    tracing::error!(
        "The room {} crashed after tick {}: {}. Its seed is {}; what it was told {why}.",
        crash.room,
        crash.tick.0,
        crash.message,
        crash.seed
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use throng_shared::ids::Tick;

    fn crash(tick: usize) -> Crash {
        let (room, message) = ("attic".to_owned(), "a rehearsal".to_owned());
        Crash { room, seed: 1, tick_hz: 30, tick: Tick(tick as u32), message }
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("throng-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
        folder
    }

    #[test]
    fn a_report_is_written_by_somebody_else_and_waited_for() {
        let folder = folder("clerk");
        let clerk = Clerk::new(folder.clone(), Duration::ZERO);
        clerk.report(Blackbox::default(), crash(7));
        clerk.wait(Duration::from_secs(60));
        assert_eq!(clerk.writing(), 0);
        let files = std::fs::read_dir(&folder).expect("it is there").count();
        std::fs::remove_dir_all(folder).expect("it is ours");
        assert_eq!(files, 1);
    }

    #[test]
    fn a_room_that_crashes_again_at_the_same_tick_leaves_another_report() {
        let folder = folder("clerk-again");
        let clerk = Clerk::new(folder.clone(), Duration::ZERO);
        let rooms = ["attic", "attic", "attic", "cellar"];
        for room in rooms {
            clerk.report(Blackbox::default(), Crash { room: room.to_owned(), ..crash(150) });
            clerk.wait(Duration::from_secs(60));
        }
        let files = std::fs::read_dir(&folder).expect("it is there");
        let mut names: Vec<_> = files
            .map(|file| file.expect("it is there").file_name().into_string().expect("it is text"))
            .collect();
        std::fs::remove_dir_all(folder).expect("it is ours");
        names.sort();
        let process = std::process::id();
        let expected = ["attic-{}-150-2", "attic-{}-150-3", "attic-{}-150", "cellar-{}-150"];
        let expected = expected.map(|name| name.replace("{}", &process.to_string()));
        assert_eq!(names, expected.map(|name| format!("throng-crash-{name}.log")));
    }

    #[test]
    fn of_many_crashes_at_once_a_few_are_written_and_nobody_waits() {
        // Longer than any test: whoever waited for it would never be done.
        let clerk = Clerk::new(folder("clerks"), Duration::from_secs(3_600));
        for tick in 0..CRASH_REPORTS_MAX * 3 {
            clerk.report(Blackbox::default(), crash(tick));
        }
        assert_eq!(clerk.writing(), CRASH_REPORTS_MAX);
        clerk.wait(Duration::from_millis(1));
        assert_eq!(clerk.writing(), CRASH_REPORTS_MAX, "because there is an end to waiting");
        std::fs::remove_dir_all(folder("clerks")).expect("it is ours");
    }
}
