//! What is written is what is read again, and only the best of it.

use super::*;
use crate::store::schema::open_in_memory;

const DAY_S: u64 = 86_400;
/// 2026-11-23, at midnight UTC.
const MIDNIGHT_S: u64 = 1_795_392_000;

fn memory() -> Connection {
    open_in_memory().expect("there is memory").db
}

fn write(db: &mut Connection, records: &[Record]) {
    let into = db.transaction().expect("nobody else writes");
    for record in records {
        record.write(&into).expect("the record fits its table");
    }
    into.commit().expect("there is memory");
}

fn score(player: u32, shards: u32, kills: u32, at_s: u64) -> Record {
    let (name, room) = (format!("player {player}"), "arena".to_owned());
    Record::Score(Score { player: PlayerId(player), name, room, shards, kills, at_s })
}

fn told(db: &Connection, day: u32) -> Vec<(u32, u32, u32)> {
    let rows = board(db, day).expect("the board can be read");
    rows.iter().map(|row| (row.player.0, row.score, row.kills)).collect()
}

#[test]
fn only_a_better_score_takes_the_place_of_one() {
    let mut db = memory();
    write(&mut db, &[score(1, 10, 2, MIDNIGHT_S), score(1, 9, 50, MIDNIGHT_S + 1)]);
    assert_eq!(told(&db, ALL_TIME), [(1, 10, 2)]);
    write(&mut db, &[score(1, 10, 3, MIDNIGHT_S + 2), score(1, 10, 3, MIDNIGHT_S + 9)]);
    assert_eq!(told(&db, ALL_TIME), [(1, 10, 3)]);
    assert_eq!(best(&db, ALL_TIME, PlayerId(1)), Ok(10));
    assert_eq!(best(&db, ALL_TIME, PlayerId(2)), Ok(0), "because nobody knows that one");
}

#[test]
fn a_board_is_by_shards_then_kills_then_who_was_first() {
    let mut db = memory();
    let scores =
        [score(1, 5, 9, 300), score(2, 7, 1, 200), score(3, 7, 2, 400), score(4, 7, 1, 100)];
    write(&mut db, &scores);
    assert_eq!(told(&db, ALL_TIME), [(3, 7, 2), (4, 7, 1), (2, 7, 1), (1, 5, 9)]);
}

#[test]
fn a_day_has_its_own_board_which_begins_at_midnight_utc() {
    let mut db = memory();
    let before = score(1, 20, 0, MIDNIGHT_S - 1);
    write(&mut db, &[before, score(1, 5, 0, MIDNIGHT_S), score(2, 7, 0, MIDNIGHT_S + DAY_S - 1)]);
    let today = day_of(MIDNIGHT_S);
    assert_eq!(told(&db, today), [(2, 7, 0), (1, 5, 0)]);
    assert_eq!(told(&db, today - 1), [(1, 20, 0)]);
    assert_eq!(told(&db, today + 1), []);
    assert_eq!(told(&db, ALL_TIME), [(1, 20, 0), (2, 7, 0)]);
}

#[test]
fn what_is_too_old_is_swept_away_and_what_counts_stays() {
    let mut db = memory();
    let old_s = MIDNIGHT_S - (u64::from(Kept::default().score_days) + 1) * DAY_S;
    let ban = |player, until_s| {
        let line = AuditLine {
            at_s: MIDNIGHT_S,
            operator: "Ada".to_owned(),
            player: PlayerId(player),
            text: "banned".to_owned(),
            is_report: false,
        };
        let address = Some("192.0.2.1".parse().expect("it is an address"));
        let (reason, operator) = ("insults".to_owned(), "Ada".to_owned());
        let ban = Ban { player: PlayerId(player), address, until_s, reason, operator };
        Record::Sanction { kind: Kind::Ban, ban, line }
    };
    let scores = [score(1, 20, 0, old_s), score(1, 5, 0, MIDNIGHT_S)];
    write(&mut db, &scores);
    write(&mut db, &[ban(2, MIDNIGHT_S), ban(3, MIDNIGHT_S + 1)]);
    sweep(&mut db, MIDNIGHT_S, Kept { players: 100, ..Kept::default() }).expect("it can be swept");
    assert_eq!(told(&db, day_of(old_s)), []);
    assert_eq!(told(&db, day_of(MIDNIGHT_S)), [(1, 5, 0)]);
    assert_eq!(told(&db, ALL_TIME), [(1, 20, 0)]);
    let kept = sanctions(&db, Kind::Ban, 0).expect("they can be read");
    assert_eq!(kept.iter().map(|ban| ban.player.0).collect::<Vec<_>>(), [3]);
    assert_eq!(kept[0].address, Some("192.0.2.1".parse().expect("it is an address")));
    assert_eq!(sanctions(&db, Kind::Mute, 0), Ok(Vec::new()), "because a ban is no mute");
    assert_eq!(audit(&db, 9).map(|lines| lines.len()), Ok(2), "because what was done was done");
}

#[test]
fn as_many_days_and_lines_are_kept_as_were_set() {
    let mut db = memory();
    let line = |player| AuditLine {
        at_s: MIDNIGHT_S,
        operator: "Ada".to_owned(),
        player: PlayerId(player),
        text: "kicked".to_owned(),
        is_report: false,
    };
    let days = [score(1, 5, 0, MIDNIGHT_S - 3 * DAY_S), score(2, 6, 0, MIDNIGHT_S - DAY_S)];
    write(&mut db, &days);
    write(&mut db, &(1..=9).map(|player| Record::Note(line(player))).collect::<Vec<_>>());
    let kept = Kept { score_days: 2, audit_lines: 4, ..Kept::default() };
    sweep(&mut db, MIDNIGHT_S, kept).expect("it can be swept");
    let today = day_of(MIDNIGHT_S);
    assert_eq!((told(&db, today - 3), told(&db, today - 1)), (vec![], vec![(2, 6, 0)]));
    let lines = audit(&db, 99).expect("they can be read");
    assert_eq!(lines.len(), 4);
}

#[test]
fn players_are_forgotten_when_they_are_too_many_but_not_the_best_and_the_banned() {
    let mut db = memory();
    let seen = (1..=9).map(|player| {
        let name = "somebody".to_owned();
        Record::Seen { player: PlayerId(player), name, at_s: u64::from(player), answers_for: None }
    });
    write(&mut db, &seen.collect::<Vec<_>>());
    write(&mut db, &[score(1, 4, 0, MIDNIGHT_S), score(2, 3, 0, MIDNIGHT_S)]);
    let into = db.transaction().expect("nobody else writes");
    forget_players(&into, MIDNIGHT_S, 3).expect("they can be forgotten");
    into.commit().expect("there is memory");
    let mut query = db.prepare("SELECT id FROM players ORDER BY id").expect("it is a table");
    let left = query.query_map((), |row| row.get(0)).expect("it can be read");
    assert_eq!(
        left.collect::<rusqlite::Result<Vec<u32>>>(),
        Ok(vec![1, 2, 9]),
        "because those have scores"
    );
    assert_eq!(told(&db, ALL_TIME), [(1, 4, 0), (2, 3, 0)]);
}

#[test]
fn what_players_report_pushes_out_nothing_that_operators_did() {
    let mut db = memory();
    let line = |is_report| {
        let (operator, text) = ("Ada".to_owned(), "insults".to_owned());
        Record::Note(AuditLine { at_s: 1, operator, player: PlayerId(1), text, is_report })
    };
    let reports: Vec<_> = (0..12).map(|_| line(true)).collect();
    write(&mut db, &[line(false)]);
    write(&mut db, &reports);
    write(&mut db, &[line(false)]);
    let kept = Kept { audit_lines: 5, ..Kept::default() };
    sweep(&mut db, MIDNIGHT_S, kept).expect("it can be swept");
    let lines = audit(&db, u32::MAX).expect("they can be read");
    let of_reports = lines.iter().filter(|line| line.is_report).count();
    assert_eq!((of_reports, lines.len() - of_reports), (5, 2));
}

#[test]
fn numbers_of_players_never_come_twice_and_the_key_stays() {
    let mut db = memory();
    let (key, from, until) = begin(&mut db, [1; KEY_BYTES], 0).expect("it is new");
    assert_eq!((key, from, until), ([1; KEY_BYTES], 1, 1 + PLAYERS_RESERVED));
    write(&mut db, &[Record::Reserve { until: until + PLAYERS_RESERVED }]);
    let (key, again, _) = begin(&mut db, [2; KEY_BYTES], 0).expect("it can be read");
    assert_eq!((key, again), ([1; KEY_BYTES], until + PLAYERS_RESERVED));
    let later = begin(&mut db, [2; KEY_BYTES], 1_000_000).expect("it can be read").1;
    assert_eq!(later, 1_000_000, "because others were given out meanwhile");
}
