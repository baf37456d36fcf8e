//! The thread that writes. Nobody waits for it: what it is to write comes over a bounded
//! channel, goes into the file in batches, and is durable when a batch is committed. When
//! the disk is full or broken, it tries again and again, the game goes on, and what comes
//! meanwhile waits in the channel.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Select, TryRecvError};
use rusqlite::Connection;
use throng_shared::limits::{
    COMMIT_RETRY_MS, PLAYERS_KEPT_IN_MEMORY, RECORDS_AT_ONCE, RECORDS_WAITING_MAX, SWEEP_MS,
    TOPIC_MS,
};

use super::boards::{ALL_TIME, Board, Boards, day_of};
use super::record::{self, Kind, Record};
use super::schema::{self, Opened};
use super::{Shared, locked, unix_s};
use crate::identity::PlayerId;
use crate::stop::StopSign;

/// Longest single wait, so that a stop is heard soon.
const NAP: Duration = Duration::from_millis(50);
const RETRY: Duration = Duration::from_millis(COMMIT_RETRY_MS);
const REFRESH: Duration = Duration::from_millis(TOPIC_MS);
/// So much longer than it took to count all who have a score, nobody is counted again: with a
/// million of them that is some seconds.
const COUNT_REST: u32 = 50;
const SWEEP: Duration = Duration::from_millis(SWEEP_MS);

/// A store's writer that is ready to run on a thread of its own.
#[derive(Debug)]
pub struct StoreWriter {
    db: Connection,
    /// Held as long as the file is open.
    lock: Option<File>,
    shared: Arc<Shared>,
    records: Receiver<(u64, Record)>,
    /// Of whom is to be read what is kept.
    recalls: Receiver<PlayerId>,
    /// What is to be committed next.
    batch: Vec<(u64, Record)>,
    /// Least time from one commit to the next.
    pause: Duration,
    /// Since when nothing can be written.
    broken: Option<Instant>,
    /// The boards have changed since they were told, and what was told.
    is_stale: bool,
    told: Boards,
    /// When everybody is counted again.
    next_count: Instant,
    /// When the boards were looked at.
    refreshed: Option<Instant>,
}

impl StoreWriter {
    pub(super) fn new(
        opened: Opened,
        shared: Arc<Shared>,
        (records, recalls): (Receiver<(u64, Record)>, Receiver<PlayerId>),
        pause: Duration,
    ) -> Self {
        let Opened { db, lock } = opened;
        let batch = Vec::with_capacity(RECORDS_AT_ONCE);
        Self {
            db,
            lock,
            shared,
            records,
            recalls,
            batch,
            pause,
            broken: None,
            is_stale: true,
            told: Boards::default(),
            next_count: Instant::now(),
            refreshed: None,
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
        let (mut committed, mut swept) = (None, None);
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
            self.refresh_in_time();
            let now = Instant::now();
            if swept.is_none_or(|at| now - at >= SWEEP) {
                swept = Some(now);
                self.sweep();
            }
            if is_last && self.records.is_empty() {
                return 0;
            }
        }
    }

    /// Takes what waits, up to a batch: at once after a pause, and else what comes until the
    /// next commit is due. Meanwhile it is read what is kept of those who come.
    fn gather(&mut self, committed: Option<Instant>, is_last: bool) {
        let now = Instant::now();
        let due = committed.filter(|_| !is_last).map_or(now, |at| at + self.pause);
        let first = if is_last { now } else { now + NAP };
        loop {
            self.recall_all();
            let until = if self.batch.is_empty() { first } else { due };
            let mut select = Select::new();
            select.recv(&self.recalls);
            select.recv(&self.records);
            if select.ready_deadline(until).is_err() {
                break;
            }
            match self.records.try_recv() {
                Ok(record) => self.batch.push(record),
                Err(TryRecvError::Empty) => {}
                // Nobody is left who could send: there is only the stop to wait for.
                Err(TryRecvError::Disconnected) => {
                    std::thread::sleep(until.saturating_duration_since(Instant::now()));
                    break;
                }
            }
            if self.batch.len() >= RECORDS_AT_ONCE {
                break;
            }
        }
    }

    fn recall_all(&self) {
        for player in self.recalls.try_iter() {
            self.recall(player);
        }
    }

    /// Reads what is kept of a player. What cannot be read just now is as if it were not there.
    fn recall(&self, player: PlayerId) {
        if self.shared.known().find(player).is_some_and(|it| !it.is_read())
            && let Ok(past) = record::past(&self.db, day_of(unix_s()), player)
        {
            self.shared.known().remember(player, past);
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
                // What cannot be written can often be read.
                self.recall_all();
                self.refresh_in_time();
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
            if let (Record::Reserve { until }, Some(lock)) = (record, &self.lock)
                && let Err(error) = schema::give_out(lock, *until)
            {
                tracing::warn!("What a backup must not give out again cannot be kept: {error}.");
            }
        }
        into.commit()?;
        for (_, record) in &self.batch {
            self.is_stale |= matches!(record, Record::Score(_));
            self.note_written(record);
        }
        if let Some((newest, _)) = self.batch.last() {
            self.shared.set_durable(*newest);
        }
        Ok(())
    }

    /// What others learn of a record that was written.
    fn note_written(&self, record: &Record) {
        match record {
            Record::Seen { player, .. } => self.recall(*player),
            // What was read of it meanwhile was of before.
            Record::Ignore { player, other, on } => {
                self.shared.known().ignore(self.shared.kept.ignored, (*player, *other), *on);
            }
            Record::Reserve { until } => {
                self.shared.players_until.fetch_max(*until, Ordering::AcqRel);
            }
            // What was read of it meanwhile was of before.
            Record::Lift { kind: Kind::Mute, line } => {
                self.shared.known().answers_for_itself(line.player);
            }
            Record::Score(_)
            | Record::Sanction { .. }
            | Record::Lift { kind: Kind::Ban, .. }
            | Record::Note(_) => {}
        }
    }

    fn refresh_in_time(&mut self) {
        let now = Instant::now();
        if self.refreshed.is_none_or(|at| now - at >= REFRESH) {
            self.refreshed = Some(now);
            self.refresh(day_of(unix_s()));
        }
    }

    /// Tells the boards of today and of all time when they have changed, or a day has begun.
    /// While nothing can be written, with what waits to be.
    pub(super) fn refresh(&mut self, today: u32) {
        let is_broken = self.broken.is_some();
        if !self.is_stale && !is_broken && self.told.day.day == today {
            return;
        }
        if let Err(error) = self.read_boards(today) {
            if self.told.day.day != today {
                // What is not known of a day is not that of the day before.
                self.told.day = Board::of(today);
                self.is_stale = true;
            }
            if !is_broken {
                tracing::warn!("The boards cannot be read: {error}.");
            }
        }
        let mut boards = self.told.clone();
        if is_broken {
            for (_, score) in locked(&self.shared.unwritten).iter() {
                boards.note(score);
            }
            // What is on the disk is told again when it can be written to.
            self.is_stale = true;
        }
        self.shared.set_boards(boards);
    }

    /// The boards as they are on the disk.
    fn read_boards(&mut self, today: u32) -> rusqlite::Result<()> {
        let began = Instant::now();
        let is_counted = self.told.day.day != today || began >= self.next_count;
        let read = |day, told: &Board| -> rusqlite::Result<Board> {
            let scale = match is_counted {
                true => Arc::new(record::scale(&self.db, day)?),
                false => Arc::clone(&told.scale),
            };
            Ok(Board { day, rows: record::board(&self.db, day)?, scale })
        };
        let Boards { day, all } = &self.told;
        let (day, all) = (read(today, day)?, read(ALL_TIME, all)?);
        self.told = Boards { day, all };
        // What waits for the next count is counted then.
        self.is_stale = !is_counted;
        if is_counted {
            self.next_count = Instant::now() + began.elapsed() * COUNT_REST;
        }
        Ok(())
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
