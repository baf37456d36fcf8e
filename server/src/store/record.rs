//! What is written, one by one; and what is read again.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use throng_shared::limits::{BOARD_ROWS_KEPT, IGNORED_MAX, PLAYERS_RESERVED, SANCTIONS_MAX};

use super::Kept;
use super::boards::{ALL_TIME, BoardRow, DAY_S, Scale, Score, day_of};
use super::known::{Answering, Past};
use super::sanctions::Ban;
use crate::identity::{KEY_BYTES, PlayerId};

/// A line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    /// In seconds of Unix time.
    pub at_s: u64,
    /// Who did it.
    pub operator: String,
    /// To whom; nobody in particular when it concerns no player.
    pub player: PlayerId,
    pub text: String,
    /// Whether somebody who plays told it to the operators. Such lines do not push out others.
    pub is_report: bool,
}

/// Ways to be out of the game.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Ban,
    Mute,
}

impl Kind {
    fn text(self) -> &'static str {
        match self {
            Self::Ban => "ban",
            Self::Mute => "mute",
        }
    }
}

/// Something to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// A player came; one who was muted where it came from as somebody new, if it did.
    Seen {
        player: PlayerId,
        name: String,
        at_s: u64,
        answers_for: Option<Answering>,
    },
    Score(Score),
    Sanction {
        kind: Kind,
        ban: Ban,
        line: AuditLine,
    },
    Lift {
        kind: Kind,
        line: AuditLine,
    },
    Note(AuditLine),
    Ignore {
        player: PlayerId,
        other: PlayerId,
        on: bool,
    },
    /// Numbers of players below this one may be given out.
    Reserve {
        until: u32,
    },
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Record {
    /// Writes it, as a part of a transaction.
    pub(super) fn write(&self, into: &Transaction<'_>) -> rusqlite::Result<()> {
        match self {
            Self::Seen { player, name, at_s, answers_for } => into
                .prepare_cached(
                    "INSERT INTO players (id, name, first_s, last_s, answers_for, answers_until_s)
                     VALUES (?1, ?2, ?3, ?3, ?4, ?5)
                     ON CONFLICT (id) DO UPDATE SET name = ?2, last_s = max(last_s, ?3)",
                )?
                .execute(params![
                    player.0,
                    name,
                    signed(*at_s),
                    answers_for.map(|it| it.player.0),
                    answers_for.map(|it| signed(it.until_s)),
                ])
                .map(drop),
            Self::Score(score) => {
                let Score { player, name, room, shards, kills, at_s } = score;
                let mut best = into.prepare_cached(
                    "INSERT INTO scores (day, player, name, room, shards, kills, at_s)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                     ON CONFLICT (day, player) DO UPDATE
                     SET name = ?3, room = ?4, shards = ?5, kills = ?6, at_s = ?7
                     WHERE (?5, ?6) > (shards, kills)",
                )?;
                let seen = "INSERT OR IGNORE INTO players (id, name, first_s, last_s)
                     VALUES (?1, ?2, ?3, ?3)";
                into.prepare_cached(seen)?.execute(params![player.0, name, signed(*at_s)])?;
                for day in [ALL_TIME, day_of(*at_s)] {
                    best.execute(params![day, player.0, name, room, shards, kills, signed(*at_s)])?;
                }
                Ok(())
            }
            Self::Sanction { kind, ban, line } => {
                let Ban { player, address, until_s, reason, operator } = ban;
                let address = address.map(|it| it.to_string());
                into.prepare_cached(
                    "INSERT OR REPLACE INTO sanctions
                     (kind, player, address, until_s, reason, operator)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![
                    kind.text(),
                    player.0,
                    address,
                    signed(*until_s),
                    reason,
                    operator
                ])?;
                note(into, line)
            }
            Self::Lift { kind, line } => {
                into.prepare_cached("DELETE FROM sanctions WHERE kind = ?1 AND player = ?2")?
                    .execute(params![kind.text(), line.player.0])?;
                if *kind == Kind::Mute {
                    let sql = "UPDATE players SET answers_for = NULL WHERE id = ?1";
                    into.prepare_cached(sql)?.execute([line.player.0])?;
                }
                note(into, line)
            }
            Self::Note(line) => note(into, line),
            Self::Ignore { player, other, on } => {
                let sql = if *on {
                    "INSERT OR IGNORE INTO ignored (player, other) VALUES (?1, ?2)"
                } else {
                    "DELETE FROM ignored WHERE player = ?1 AND other = ?2"
                };
                into.prepare_cached(sql)?.execute(params![player.0, other.0]).map(drop)
            }
            Self::Reserve { until } => put_meta(into, "players_until", Value::from(*until)),
        }
    }
}

fn note(into: &Transaction<'_>, line: &AuditLine) -> rusqlite::Result<()> {
    let AuditLine { at_s, operator, player, text, is_report } = line;
    into.prepare_cached(
        "INSERT INTO audit (at_s, operator, player, text, is_report) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![signed(*at_s), operator, player.0, text, is_report])
    .map(drop)
}

fn put_meta(into: &Transaction<'_>, name: &str, value: Value) -> rusqlite::Result<()> {
    into.prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)")?
        .execute(params![name, value])
        .map(drop)
}

fn meta<T: rusqlite::types::FromSql>(db: &Connection, name: &str) -> rusqlite::Result<Option<T>> {
    db.query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0)).optional()
}

/// The key of identities, and the numbers of players that may be given out: from the first,
/// which is none below `given_out`, to below the second. Both are durable when this returns.
pub(super) fn begin(
    db: &mut Connection,
    fresh: [u8; KEY_BYTES],
    given_out: u32,
) -> rusqlite::Result<([u8; KEY_BYTES], u32, u32)> {
    let into = db.transaction()?;
    let key = match meta::<[u8; KEY_BYTES]>(&into, "identity_key")? {
        Some(key) => key,
        None => {
            put_meta(&into, "identity_key", Value::from(fresh.to_vec()))?;
            fresh
        }
    };
    let from = meta::<u32>(&into, "players_until")?.unwrap_or(1).max(given_out);
    let until = from.saturating_add(PLAYERS_RESERVED);
    put_meta(&into, "players_until", Value::from(until))?;
    into.commit()?;
    Ok((key, from, until))
}

/// How many have each score of a day, or of all time; the best first.
pub(super) fn scale(db: &Connection, day: u32) -> rusqlite::Result<Scale> {
    let mut query = db.prepare_cached(
        "SELECT shards, count(*) FROM scores WHERE day = ?1 AND shards > 0
         GROUP BY shards ORDER BY shards DESC",
    )?;
    let counts = query.query_map([day], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Scale::new(counts.collect::<rusqlite::Result<Vec<_>>>()?))
}

/// The best of a day, or of all time.
pub(super) fn board(db: &Connection, day: u32) -> rusqlite::Result<Vec<BoardRow>> {
    let mut query = db.prepare_cached(
        "SELECT player, name, shards, kills FROM scores WHERE day = ?1
         ORDER BY shards DESC, kills DESC, at_s LIMIT ?2",
    )?;
    let rows = query.query_map(params![day, signed(BOARD_ROWS_KEPT as u64)], |row| {
        Ok(BoardRow {
            player: PlayerId(row.get(0)?),
            name: row.get(1)?,
            score: row.get(2)?,
            kills: row.get(3)?,
        })
    })?;
    rows.collect()
}

/// What somebody held at once on a day, or ever, at best.
fn best(db: &Connection, day: u32, player: PlayerId) -> rusqlite::Result<u32> {
    let mut query =
        db.prepare_cached("SELECT shards FROM scores WHERE day = ?1 AND player = ?2")?;
    let best = query.query_row(params![day, player.0], |row| row.get(0)).optional()?;
    Ok(best.unwrap_or(0))
}

/// Whoever was muted where somebody came from as somebody new.
fn answers_for(db: &Connection, player: PlayerId) -> rusqlite::Result<Option<Answering>> {
    let mut query = db.prepare_cached(
        "SELECT answers_for, answers_until_s FROM players
         WHERE id = ?1 AND answers_for IS NOT NULL AND answers_until_s IS NOT NULL",
    )?;
    let answering = |row: &rusqlite::Row<'_>| {
        let until_s = row.get::<_, i64>(1)?.unsigned_abs();
        Ok(Answering { player: PlayerId(row.get(0)?), until_s })
    };
    query.query_row([player.0], answering).optional()
}

/// What the file has of somebody who comes again, on a day.
pub(super) fn past(db: &Connection, day: u32, player: PlayerId) -> rusqlite::Result<Past> {
    Ok(Past {
        best: best(db, ALL_TIME, player)?,
        today: (day, best(db, day, player)?),
        ignored: ignored(db, player)?,
        answers_for: answers_for(db, player)?,
    })
}

/// Whom somebody does not want to hear.
fn ignored(db: &Connection, player: PlayerId) -> rusqlite::Result<Vec<PlayerId>> {
    let mut query = db.prepare_cached("SELECT other FROM ignored WHERE player = ?1 LIMIT ?2")?;
    let most = signed(IGNORED_MAX as u64);
    let rows = query.query_map(params![player.0, most], |row| row.get(0).map(PlayerId))?;
    rows.collect()
}

/// What counts at `now_s`; those that last longest, if there are too many.
pub(super) fn sanctions(db: &Connection, kind: Kind, now_s: u64) -> rusqlite::Result<Vec<Ban>> {
    let mut query = db.prepare(
        "SELECT player, address, until_s, reason, operator FROM sanctions
         WHERE kind = ?1 AND until_s > ?2 ORDER BY until_s DESC LIMIT ?3",
    )?;
    let most = signed(SANCTIONS_MAX as u64);
    let rows = query.query_map(params![kind.text(), signed(now_s), most], |row| {
        Ok(Ban {
            player: PlayerId(row.get(0)?),
            address: row.get::<_, Option<String>>(1)?.and_then(|text| text.parse().ok()),
            until_s: row.get::<_, i64>(2)?.unsigned_abs(),
            reason: row.get(3)?,
            operator: row.get(4)?,
        })
    })?;
    rows.collect()
}

/// The newest lines of the audit log, newest first.
pub(super) fn audit(db: &Connection, most: u32) -> rusqlite::Result<Vec<AuditLine>> {
    let mut query = db.prepare(
        "SELECT at_s, operator, player, text, is_report FROM audit ORDER BY id DESC LIMIT ?1",
    )?;
    let rows = query.query_map([most], |row| {
        Ok(AuditLine {
            at_s: row.get::<_, i64>(0)?.unsigned_abs(),
            operator: row.get(1)?,
            player: PlayerId(row.get(2)?),
            text: row.get(3)?,
            is_report: row.get(4)?,
        })
    })?;
    rows.collect()
}

/// Forgets what has run out, what is too old, and what is too much.
pub(super) fn sweep(db: &mut Connection, now_s: u64, kept: Kept) -> rusqlite::Result<()> {
    let into = db.transaction()?;
    into.execute("DELETE FROM sanctions WHERE until_s <= ?1", [signed(now_s)])?;
    let oldest = day_of(now_s).saturating_sub(kept.score_days);
    into.execute("DELETE FROM scores WHERE day > ?1 AND day < ?2", [ALL_TIME, oldest])?;
    for is_report in [false, true] {
        into.execute(
            "DELETE FROM audit WHERE is_report = ?1 AND id <= (SELECT id FROM audit
             WHERE is_report = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
            params![is_report, kept.audit_lines],
        )?;
    }
    forget_players(&into, now_s, kept.players)?;
    into.commit()
}

/// Forgets those who were not seen for the longest time, beyond so many, unless they are on
/// the board of all time, or something was decided about them; first those without a score, so
/// that whoever comes as somebody new again and again pushes out nobody else, unless they are
/// of today or muted for another.
fn forget_players(into: &Transaction<'_>, now_s: u64, kept: u32) -> rusqlite::Result<()> {
    let count = into.query_row("SELECT count(*) FROM players", (), |row| row.get::<_, u32>(0))?;
    if count <= kept {
        return Ok(());
    }
    let without = into.execute(
        "DELETE FROM players WHERE id IN (SELECT id FROM players
         WHERE id NOT IN (SELECT player FROM sanctions)
         AND NOT EXISTS (SELECT 1 FROM scores WHERE day = ?1 AND player = players.id)
         AND last_s < ?3 AND coalesce(answers_until_s, 0) <= ?4
         ORDER BY last_s LIMIT ?2)",
        params![ALL_TIME, count - kept, signed(now_s.saturating_sub(DAY_S)), signed(now_s)],
    )?;
    let count = count.saturating_sub(u32::try_from(without).unwrap_or(u32::MAX));
    into.execute(
        "DELETE FROM players WHERE id IN (SELECT id FROM players
         WHERE id NOT IN (SELECT player FROM sanctions)
         AND id NOT IN (SELECT player FROM scores WHERE day = ?1
             ORDER BY shards DESC, kills DESC, at_s LIMIT ?2)
         ORDER BY last_s LIMIT ?3)",
        params![ALL_TIME, signed(BOARD_ROWS_KEPT as u64), count.saturating_sub(kept)],
    )?;
    into.execute("DELETE FROM scores WHERE player NOT IN (SELECT id FROM players)", ())?;
    into.execute("DELETE FROM ignored WHERE player NOT IN (SELECT id FROM players)", ())?;
    Ok(())
}

#[cfg(test)]
mod tests;
