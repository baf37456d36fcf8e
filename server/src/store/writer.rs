//! The thread that writes. Nobody waits for it: what it is to write comes over a bounded
//! channel, goes into the file in batches, and is durable when a batch is committed. When
//! the disk is full or broken, it tries again and again, the game goes on, and what comes
//! meanwhile waits in the channel.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use rusqlite::Connection;
use throng_shared::limits::{
    COMMIT_RETRY_MS, PLAYERS_KEPT_IN_MEMORY, RECORDS_AT_ONCE, RECORDS_WAITING_MAX, SWEEP_MS,
    TOPIC_MS,
};

use super::boards::{ALL_TIME, Boards, day_of};
use super::record::{self, Record};
use super::schema::Opened;
use super::{Shared, unix_s};
use crate::stop::StopSign;

/// Longest single wait, so that a stop is heard soon.
const NAP: Duration = Duration::from_millis(50);
const RETRY: Duration = Duration::from_millis(COMMIT_RETRY_MS);
const REFRESH: Duration = Duration::from_millis(TOPIC_MS);
const SWEEP: Duration = Duration::from_millis(SWEEP_MS);

/// A store's writer that is ready to run on a thread of its own.
#[derive(Debug)]
pub struct StoreWriter {
    db: Connection,
    /// Held as long as the file is open.
    _lock: Option<File>,
    shared: Arc<Shared>,
    records: Receiver<(u64, Record)>,
    /// What is to be committed next.
    batch: Vec<(u64, Record)>,
    /// Least time from one commit to the next.
    pause: Duration,
    /// Since when nothing can be written.
    broken: Option<Instant>,
    /// The board has changed since it was told, and the day that was told.
    is_stale: bool,
    day: u32,
}

impl StoreWriter {
    pub(super) fn new(
        opened: Opened,
        shared: Arc<Shared>,
        records: Receiver<(u64, Record)>,
        pause: Duration,
    ) -> Self {
        let Opened { db, lock } = opened;
        let batch = Vec::with_capacity(RECORDS_AT_ONCE);
        Self {
            db,
            _lock: lock,
            shared,
            records,
            batch,
            pause,
            broken: None,
            is_stale: true,
            day: 0,
        }
    }

    /// Writes until the stop sign is raised, and then what is left.
    ///
    /// # Errors
    /// Never: what cannot be written is told to the log.
    pub fn run(mut self, stop: &StopSign) -> io::Result<()> {
        let unwritten = self.write_until(stop);
        if unwritten > 0 {
            tracing::error!("{unwritten} records could not be written, and are lost.");
        }
        // The file alone is then all there is; a server that is killed leaves its log beside
        // it, which is as good.
        if let Err(error) = self.db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::warn!("The file of scores could not be tidied up: {error}.");
        }
        Ok(())
    }

    /// The same, and the file stays open: how many records could not be written.
    pub(super) fn write_until(&mut self, stop: &StopSign) -> usize {
        let (mut committed, mut refreshed, mut swept) = (None, None, None);
        loop {
            let is_last = stop.is_raised();
            self.gather(committed, is_last);
            if !self.batch.is_empty() {
                if !self.commit_in_time(stop) {
                    return self.batch.len() + self.records.len();
                }
                self.batch.clear();
                committed = Some(Instant::now());
            }
            let now = Instant::now();
            let is_due = |at: Option<Instant>, every| at.is_none_or(|at| now - at >= every);
            if is_due(refreshed, REFRESH) {
                refreshed = Some(now);
                self.refresh();
            }
            if is_due(swept, SWEEP) {
                swept = Some(now);
                self.sweep();
            }
            if is_last && self.records.is_empty() {
                return 0;
            }
        }
    }

    /// Takes what waits, up to a batch: at once after a pause, and else what comes until the
    /// next commit is due.
    fn gather(&mut self, committed: Option<Instant>, is_last: bool) {
        let batch = &mut self.batch;
        let now = Instant::now();
        let due = committed.filter(|_| !is_last).map_or(now, |at| at + self.pause);
        let first = if is_last { now } else { now + NAP };
        loop {
            let until = if batch.is_empty() { first } else { due };
            match self.records.recv_deadline(until) {
                Ok(record) => batch.push(record),
                Err(RecvTimeoutError::Timeout) => break,
                // Nobody is left who could send: there is only the stop to wait for.
                Err(RecvTimeoutError::Disconnected) => {
                    std::thread::sleep(until.saturating_duration_since(Instant::now()));
                    break;
                }
            }
            if batch.len() >= RECORDS_AT_ONCE {
                break;
            }
        }
    }

    /// Commits a batch, however often it takes. False when the server stops and it cannot
    /// be done.
    fn commit_in_time(&mut self, stop: &StopSign) -> bool {
        loop {
            let was_last = stop.is_raised();
            match self.commit() {
                Ok(()) => {
                    if let Some(began) = self.broken.take() {
                        let s = Instant::now().saturating_duration_since(began).as_secs();
                        self.shared.set_trouble(None);
                        tracing::info!(
                            "Scores are written again, after {s} s; nothing that was taken is lost."
                        );
                    }
                    return true;
                }
                Err(error) => {
                    if self.broken.is_none() {
                        self.broken = Some(Instant::now());
                        tracing::error!(
                            "Scores cannot be written: {error}. The game goes on, and up to \
                             {RECORDS_WAITING_MAX} records wait until they can."
                        );
                    }
                    self.shared.set_trouble(Some(error.to_string()));
                }
            }
            if was_last {
                return false;
            }
            let again = Instant::now() + RETRY;
            while Instant::now() < again && !stop.is_raised() {
                std::thread::sleep(NAP);
            }
        }
    }

    /// Commits a batch: all of it is durable then, or nothing of it was done.
    fn commit(&mut self) -> rusqlite::Result<()> {
        let Self { db, batch, .. } = self;
        let into = db.transaction()?;
        for (_, record) in batch.iter() {
            record.write(&into)?;
        }
        into.commit()?;
        for (_, record) in &self.batch {
            self.is_stale |= matches!(record, Record::Score(_));
            self.note_written(record);
        }
        if let Some((newest, _)) = self.batch.last() {
            self.shared.durable.store(*newest, Ordering::Release);
        }
        Ok(())
    }

    /// What others learn of a record that was written.
    fn note_written(&self, record: &Record) {
        match record {
            Record::Seen { player, .. } => {
                // What cannot be read just now is as if it were not there.
                let best = record::best(&self.db, *player).unwrap_or(0);
                let ignored = record::ignored(&self.db, *player).unwrap_or_default();
                let mut known = self.shared.known();
                let it = known.meet(*player);
                it.best = it.best.max(best);
                for other in ignored {
                    if !it.ignored.contains(&other) {
                        it.ignored.push(other);
                    }
                }
            }
            Record::Reserve { until } => {
                self.shared.players_until.fetch_max(*until, Ordering::AcqRel);
            }
            Record::Score(_)
            | Record::Sanction { .. }
            | Record::Lift { .. }
            | Record::Note(_)
            | Record::Ignore { .. } => {}
        }
    }

    /// Tells the boards when they have changed, or a day has begun.
    pub(super) fn refresh(&mut self) {
        let today = day_of(unix_s());
        if !self.is_stale && self.day == today {
            return;
        }
        let read = |day| record::board(&self.db, day);
        match read(today).and_then(|day| Ok(Boards { day, all: read(ALL_TIME)? })) {
            Ok(boards) => {
                self.shared.set_boards(boards);
                (self.is_stale, self.day) = (false, today);
            }
            Err(error) => tracing::warn!("The boards cannot be read: {error}."),
        }
    }

    fn sweep(&mut self) {
        let now_s = unix_s();
        self.shared.expire(now_s);
        let mut kept = self.shared.kept;
        if !self.shared.is_lasting {
            kept.players = kept.players.min(PLAYERS_KEPT_IN_MEMORY);
        }
        if let Err(error) = record::sweep(&mut self.db, now_s, kept) {
            tracing::warn!("What has run out cannot be forgotten: {error}.");
        }
    }

    /// The file, for tests that break it.
    #[cfg(test)]
    pub(super) fn db(&self) -> &Connection {
        &self.db
    }
}
