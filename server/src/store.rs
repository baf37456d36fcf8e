//! What outlives a server: scores, players, bans, mutes and the audit log, in one SQLite
//! file that a thread of its own writes. Whoever uses the store never waits for a disk:
//! what is asked is answered from memory, and what is to be kept is sent there.

use std::collections::VecDeque;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crossbeam_channel::{Sender, bounded};
use ring::rand::{SecureRandom, SystemRandom};
use throng_shared::limits::{
    AUDIT_BYTES, COMMIT_MS, NAME_BYTES_MAX, PLAYERS_RESERVED, RECALLS_WAITING_MAX,
    RECORDS_WAITING_MAX, ROOM_NAME_BYTES, SANCTION_REASON_BYTES,
};

mod boards;
mod known;
mod record;
mod sanctions;
mod schema;
mod writer;

pub use self::boards::{Board, BoardRow, Boards, Score};
pub use self::record::AuditLine;
pub use self::sanctions::Ban;
pub use self::writer::StoreWriter;

use self::boards::day_of;
use self::known::{Acquaintance, Answering, Known};
use self::record::{Kind, Record};
use self::sanctions::{Sanctions, cut};
use crate::config::Limits;
use crate::identity::{KEY_BYTES, PlayerId};

/// Seconds of Unix time.
fn unix_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    pub(crate) players: u32,
    pub(crate) score_days: u32,
    pub(crate) audit_lines: u32,
    /// Whom one player does not want to hear.
    pub(crate) ignored: usize,
}

impl Kept {
    #[must_use]
    pub fn of(limits: &Limits) -> Self {
        Self {
            players: limits.players_kept,
            score_days: limits.score_days_kept,
            audit_lines: limits.audit_lines_kept,
            ignored: limits.ignored_max as usize,
        }
    }
}

impl Default for Kept {
    fn default() -> Self {
        Self::of(&Limits::default())
    }
}

/// What handles and the writer share. No lock is held while anything waits.
pub(crate) struct Shared {
    is_lasting: bool,
    kept: Kept,
    key: [u8; KEY_BYTES],
    players_from: u32,
    players_until: AtomicU32,
    /// Up to where numbers of players were asked for.
    players_asked: AtomicU32,
    /// Number of the newest record that is durable, with all before it.
    durable: AtomicU64,
    /// Records that found no place.
    refused: AtomicU64,
    trouble: Mutex<Option<String>>,
    boards: Mutex<Arc<Boards>>,
    /// Scores that were taken and may not be durable yet: as many as records may wait.
    unwritten: Mutex<VecDeque<(u64, Score)>>,
    known: Mutex<Known>,
    bans: Mutex<Sanctions>,
    mutes: Mutex<Sanctions>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}

impl Shared {
    fn new(is_lasting: bool, kept: Kept, (key, from, until): ([u8; KEY_BYTES], u32, u32)) -> Self {
        Self {
            is_lasting,
            kept,
            key,
            players_from: from,
            players_until: AtomicU32::new(until),
            players_asked: AtomicU32::new(until),
            durable: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            trouble: Mutex::default(),
            boards: Mutex::default(),
            unwritten: Mutex::default(),
            known: Mutex::default(),
            bans: Mutex::default(),
            mutes: Mutex::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        locked(&self.known)
    }

    /// What was taken up to this number is durable.
    fn set_durable(&self, number: u64) {
        self.durable.store(number, Ordering::Release);
        let mut unwritten = locked(&self.unwritten);
        while unwritten.pop_front_if(|(it, _)| *it <= number).is_some() {}
    }

    fn set_boards(&self, boards: Boards) {
        *locked(&self.boards) = Arc::new(boards);
    }

    fn set_trouble(&self, trouble: Option<String>) {
        *locked(&self.trouble) = trouble;
    }

    fn expire(&self, now_s: u64) {
        locked(&self.bans).expire(now_s);
        locked(&self.mutes).expire(now_s);
    }

    fn sanctions(&self, kind: Kind) -> MutexGuard<'_, Sanctions> {
        match kind {
            Kind::Ban => locked(&self.bans),
            Kind::Mute => locked(&self.mutes),
        }
    }
}

/// How the store does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Whether what is kept outlives this process.
    pub is_lasting: bool,
    /// Why nothing can be written just now.
    pub trouble: Option<String>,
    /// Records that wait to be written.
    pub waiting: usize,
    /// Records that found no place since the start, and are lost.
    pub refused: u64,
}

/// A handle; all of one store are the same.
#[derive(Clone, Debug)]
pub struct Store {
    shared: Arc<Shared>,
    feed: Option<Arc<Feed>>,
}

/// The way to the writer: numbers ascend in the order in which records go there.
#[derive(Debug)]
struct Feed {
    number: Mutex<u64>,
    records: Sender<(u64, Record)>,
    /// Players who came, and of whom it is to be read what is kept of them.
    recalls: Sender<PlayerId>,
}

impl Store {
    /// Opens or creates the store in a directory; without one, in memory. The writer is to
    /// be run on a thread of its own.
    ///
    /// # Errors
    /// A sentence for the operator: the directory is in use, the file is damaged, …
    pub fn open(dir: Option<&Path>, kept: Kept) -> Result<(Self, StoreWriter), String> {
        Self::open_with(dir, kept, Duration::from_millis(COMMIT_MS))
    }

    /// The same, with the least time from one commit to the next.
    ///
    /// # Errors
    /// As above.
    pub fn open_with(
        dir: Option<&Path>,
        kept: Kept,
        pause: Duration,
    ) -> Result<(Self, StoreWriter), String> {
        let mut opened = match dir {
            Some(dir) => schema::open(dir)?,
            None => schema::open_in_memory()?,
        };
        let mut fresh = [0; KEY_BYTES];
        SystemRandom::new().fill(&mut fresh).expect("the system has random bytes");
        let unusable = |error: rusqlite::Error| {
            let shown = dir.unwrap_or(Path::new("memory")).display();
            format!("The scores in {shown} cannot be used: {error}.")
        };
        let given_out = opened.lock.as_ref().map_or(0, schema::given_out);
        let begun = record::begin(&mut opened.db, fresh, given_out).map_err(unusable)?;
        if let Some(lock) = &opened.lock {
            schema::give_out(lock, begun.2).map_err(|error| {
                let shown = dir.unwrap_or(Path::new("memory")).display();
                format!("The data directory {shown} cannot be written: {error}.")
            })?;
        }
        let shared = Arc::new(Shared::new(dir.is_some(), kept, begun));
        let now_s = unix_s();
        for kind in [Kind::Ban, Kind::Mute] {
            let all = record::sanctions(&opened.db, kind, now_s).map_err(unusable)?;
            let mut sanctions = shared.sanctions(kind);
            for ban in all {
                sanctions.put(ban, now_s);
            }
        }
        let (records, waiting) = bounded(RECORDS_WAITING_MAX);
        let (recalls, recalled) = bounded(RECALLS_WAITING_MAX);
        let feed = Feed { number: Mutex::new(0), records, recalls };
        let ways = (waiting, recalled);
        let mut writer = StoreWriter::new(opened, Arc::clone(&shared), ways, pause);
        writer.refresh(day_of(unix_s()));
        Ok((Self { shared, feed: Some(Arc::new(feed)) }, writer))
    }

    /// A store that keeps nothing and knows nobody: for rooms by themselves.
    #[must_use]
    pub fn none() -> Self {
        let mut key = [0; KEY_BYTES];
        SystemRandom::new().fill(&mut key).expect("the system has random bytes");
        let shared = Shared::new(false, Kept::default(), (key, 1, u32::MAX));
        Self { shared: Arc::new(shared), feed: None }
    }

    /// Sends a record to the writer: its number, or nothing when too many wait.
    fn put(&self, record: Record) -> Option<u64> {
        let feed = self.feed.as_ref()?;
        // Taken for the length of a try, so that numbers ascend in the channel.
        let mut number = locked(&feed.number);
        if feed.records.try_send((*number + 1, record)).is_err() {
            self.shared.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        *number += 1;
        Some(*number)
    }

    /// Number of the newest record that is durable, and all before it are.
    #[must_use]
    pub fn durable(&self) -> u64 {
        self.shared.durable.load(Ordering::Acquire)
    }

    /// Number of the newest record that was taken.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.feed.as_ref().map_or(0, |feed| *locked(&feed.number))
    }

    /// A player came, from this address.
    pub fn greet(&self, player: PlayerId, name: &str, address: Option<IpAddr>) {
        if !player.is_somebody() || self.feed.is_none() {
            return;
        }
        let is_new = !self.has_met(player);
        let answers_for = address.filter(|_| is_new).and_then(|address| {
            let mutes = self.shared.sanctions(Kind::Mute);
            let mute = mutes.find(PlayerId::NOBODY, Some(address), unix_s())?;
            Some(Answering { player: mute.player, until_s: mute.until_s })
        });
        let mut known = self.shared.known();
        let it = known.meet(player);
        it.address = address;
        if is_new {
            it.answers_for = answers_for;
        }
        drop(known);
        self.recall(player);
        let mut name = name.to_owned();
        cut(&mut name, NAME_BYTES_MAX);
        self.put(Record::Seen { player, name, at_s: unix_s(), answers_for });
    }

    /// Keeps a score if it is the player's best of the day or of all time. Whether it was
    /// taken.
    pub fn record(&self, score: Score) -> bool {
        self.record_numbered(score).is_some()
    }

    /// The same; the number under which it will be durable.
    pub fn record_numbered(&self, mut score: Score) -> Option<u64> {
        if !score.player.is_somebody() {
            return None;
        }
        cut(&mut score.name, NAME_BYTES_MAX);
        cut(&mut score.room, ROOM_NAME_BYTES);
        let (player, day, shards) = (score.player, day_of(score.at_s), score.shards);
        let unwritten = score.clone();
        let taken = self.put(Record::Score(score))?;
        self.shared.known().note_score(player, day, shards);
        locked(&self.shared.unwritten).push_back((taken, unwritten));
        Some(taken)
    }

    /// Shards that a player held at once, at best, as far as is known: 0 for one who never
    /// came, or just did.
    #[must_use]
    pub fn best(&self, player: PlayerId) -> u32 {
        self.shared.known().find(player).map_or(0, |it| it.best)
    }

    /// A player's place of the day and of all time, from 1, or 0 without a score: among the
    /// first so many exactly, and after that one place for all with as many shards.
    #[must_use]
    pub fn places(&self, player: PlayerId) -> (u32, u32) {
        let boards = self.boards();
        let known = self.shared.known();
        let Some(it) = known.find(player) else { return (0, 0) };
        let (day, best_today) = it.today;
        let place = |board: &Board, best| match best {
            0 => 0,
            _ => board.place(player, best),
        };
        let today = if day == boards.day.day { best_today } else { 0 };
        (place(&boards.day, today), place(&boards.all, it.best))
    }

    /// Where a player came from last, while the server remembers.
    #[must_use]
    pub fn address(&self, player: PlayerId) -> Option<IpAddr> {
        self.shared.known().find(player)?.address
    }

    /// The newest boards: at most a second old, and as of the last commit; while nothing can be
    /// written, with what waits to be.
    #[must_use]
    pub fn boards(&self) -> Arc<Boards> {
        Arc::clone(&locked(&self.shared.boards))
    }

    /// Writes a line into the audit log.
    pub fn note(&self, mut line: AuditLine) -> bool {
        cut(&mut line.text, AUDIT_BYTES);
        cut(&mut line.operator, SANCTION_REASON_BYTES);
        self.put(Record::Note(line)).is_some()
    }

    /// Lets somebody in no more until then, and writes that into the audit log. It counts
    /// at once; whether it will outlive the process is what is given.
    pub fn ban(&self, ban: Ban) -> bool {
        self.sanction(Kind::Ban, ban)
    }

    /// What somebody says is not heard until then, likewise.
    pub fn mute(&self, mute: Ban) -> bool {
        self.sanction(Kind::Mute, mute)
    }

    fn sanction(&self, kind: Kind, ban: Ban) -> bool {
        if !ban.player.is_somebody() {
            return false;
        }
        let now_s = unix_s();
        let ban = self.shared.sanctions(kind).put(ban, now_s);
        let what = match kind {
            Kind::Ban => "banned",
            Kind::Mute => "muted",
        };
        let where_too = if ban.address.is_some() { " with the address" } else { "" };
        let for_s = ban.until_s.saturating_sub(now_s);
        let text = format!("{what}{where_too} for {for_s} s: {}", ban.reason);
        let line = AuditLine {
            at_s: now_s,
            operator: ban.operator.clone(),
            player: ban.player,
            text,
            is_report: false,
        };
        self.put(Record::Sanction { kind, ban, line }).is_some()
    }

    /// Lets a banned player in again. Whether there was a ban.
    pub fn pardon(&self, player: PlayerId, operator: &str) -> bool {
        self.lift(Kind::Ban, player, operator)
    }

    /// Lets a muted player be heard again. Whether there was a mute.
    pub fn unmute(&self, player: PlayerId, operator: &str) -> bool {
        let answered = self.shared.known().answers_for_itself(player);
        let lifted = self.shared.sanctions(Kind::Mute).lift(player) || answered;
        if lifted {
            self.note_lift(Kind::Mute, player, operator);
        }
        lifted
    }

    fn lift(&self, kind: Kind, player: PlayerId, operator: &str) -> bool {
        if !self.shared.sanctions(kind).lift(player) {
            return false;
        }
        self.note_lift(kind, player, operator);
        true
    }

    fn note_lift(&self, kind: Kind, player: PlayerId, operator: &str) {
        let text = match kind {
            Kind::Ban => "pardoned",
            Kind::Mute => "unmuted",
        };
        let (text, mut operator) = (text.to_owned(), operator.to_owned());
        cut(&mut operator, SANCTION_REASON_BYTES);
        let line = AuditLine { at_s: unix_s(), operator, player, text, is_report: false };
        self.put(Record::Lift { kind, line });
    }

    /// Whether somebody has been here before: in this process, as far as it remembers, or in
    /// one before.
    fn has_met(&self, player: PlayerId) -> bool {
        let is_of_before = player.is_somebody() && player.0 < self.shared.players_from;
        is_of_before || self.shared.known().find(player).is_some()
    }

    /// The ban that keeps a visitor out, if any does. That of an address is for those who
    /// come as somebody new: others may live behind the same one.
    #[must_use]
    pub fn verdict(&self, player: PlayerId, address: Option<IpAddr>) -> Option<Ban> {
        let address = address.filter(|_| !self.has_met(player));
        self.shared.sanctions(Kind::Ban).find(player, address, unix_s()).cloned()
    }

    /// The mute of a player, if there is one: its own, or that of the address that it came
    /// from as somebody new.
    #[must_use]
    pub fn muted(&self, player: PlayerId) -> Option<Ban> {
        let now_s = unix_s();
        let other = self.shared.known().find(player).and_then(|it| it.answers_for);
        let other = other.filter(|it| now_s < it.until_s).map(|it| it.player);
        let mutes = self.shared.sanctions(Kind::Mute);
        let of = |player| mutes.find(player, None, now_s);
        of(player).or_else(|| of(other?)).cloned()
    }

    /// A player wants to hear nothing more of another one, or to hear again. Whether that
    /// is so now: there are only so many whom one can ignore.
    pub fn ignore(&self, player: PlayerId, other: PlayerId, on: bool) -> bool {
        if !player.is_somebody() || !other.is_somebody() || player == other {
            return false;
        }
        let most = self.shared.kept.ignored;
        // What is kept of visits before may not be read yet.
        if self.shared.known().ignore(most, (player, other), on) || !on {
            self.put(Record::Ignore { player, other, on });
        }
        self.ignores(player, other) == on
    }

    /// Whether a player wants to hear nothing of another one.
    #[must_use]
    pub fn ignores(&self, player: PlayerId, other: PlayerId) -> bool {
        self.shared.known().find(player).is_some_and(|it| it.ignored.contains(&other))
    }

    /// Whom a player wants to hear nothing of: first who was not here for the longest time, as
    /// far as is known, and of equals whoever it said that of first.
    #[must_use]
    pub fn ignored(&self, player: PlayerId) -> Vec<PlayerId> {
        self.shared.known().ignored(player)
    }

    /// Has it read what is kept of a player, if it is not known. Of those who come when too many
    /// do it is read with the record of their visit.
    pub fn recall(&self, player: PlayerId) {
        let Some(feed) = self.feed.as_ref().filter(|_| player.is_somebody()) else { return };
        if !self.shared.known().meet(player).is_read() {
            feed.recalls.try_send(player).ok();
        }
    }

    /// Whether it has been read what is kept of a player who came, if anything is: a moment
    /// after it came, unless the disk cannot be read.
    #[must_use]
    pub fn has_read(&self, player: PlayerId) -> bool {
        let is_kept = self.feed.is_some() && player.is_somebody();
        !is_kept || self.shared.known().find(player).is_some_and(Acquaintance::is_read)
    }

    /// How the store does.
    #[must_use]
    pub fn health(&self) -> Health {
        Health {
            is_lasting: self.shared.is_lasting,
            trouble: locked(&self.shared.trouble).clone(),
            waiting: self.feed.as_ref().map_or(0, |feed| feed.records.len()),
            refused: self.shared.refused.load(Ordering::Relaxed),
        }
    }

    /// What identities are signed with.
    pub(crate) fn key(&self) -> &[u8; KEY_BYTES] {
        &self.shared.key
    }

    /// The first number for a new player, and the first that may not be given out yet.
    pub(crate) fn players(&self) -> (u32, u32) {
        (self.shared.players_from, self.shared.players_until.load(Ordering::Acquire))
    }

    /// Asks for more numbers behind `until`, once.
    pub(crate) fn reserve_players(&self, until: u32) {
        let until = until.saturating_add(PLAYERS_RESERVED);
        if self.shared.players_asked.load(Ordering::Relaxed) < until
            && self.put(Record::Reserve { until }).is_some()
        {
            self.shared.players_asked.fetch_max(until, Ordering::Relaxed);
        }
    }
}

/// The newest lines of the audit log in a directory, newest first.
///
/// # Errors
/// As [`Store::open`].
pub fn audit(dir: &Path, most: u32) -> Result<Vec<AuditLine>, String> {
    let opened = schema::open(dir)?;
    record::audit(&opened.db, most).map_err(|error| format!("The log cannot be read: {error}."))
}

#[cfg(test)]
mod tests;
