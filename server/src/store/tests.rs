//! A store with its thread: what lasts, what does not, and what it says when it cannot.

use std::thread::JoinHandle;
use std::time::Instant;

use throng_shared::limits::{BOARD_ROWS_KEPT, COMMIT_RETRY_MS};

use super::schema::tests::Scratch;
use super::*;
use crate::identity::Identities;
use crate::stop::StopSign;

/// A store whose thread runs.
struct Running {
    store: Store,
    stop: StopSign,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn start(dir: Option<&Path>) -> Self {
        let (store, writer) = Store::open(dir, Kept::default()).expect("the store can be opened");
        Self::of(store, writer)
    }

    fn of(store: Store, writer: StoreWriter) -> Self {
        let stop = StopSign::default();
        let sign = stop.clone();
        let run = move || writer.run(&sign).expect("it does not fail");
        Self { store, stop, thread: Some(std::thread::spawn(run)) }
    }

    fn until(&self, what: &str, mut is_so: impl FnMut(&Store) -> bool) {
        let end = Instant::now() + Duration::from_secs(60);
        while !is_so(&self.store) {
            assert!(Instant::now() < end, "because {what} takes no minute");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn stop(mut self) {
        self.stop.raise();
        self.thread.take().expect("it runs").join().expect("it does not panic");
    }
}

fn score(player: u32, shards: u32) -> Score {
    let (name, room) = (format!("player {player}"), "arena".to_owned());
    Score { player: PlayerId(player), name, room, shards, kills: 0, at_s: unix_s() }
}

fn ban(player: u32, until_s: u64) -> Ban {
    let (reason, operator) = ("insults".to_owned(), "Ada".to_owned());
    Ban { player: PlayerId(player), address: None, until_s, reason, operator }
}

#[test]
fn what_is_kept_is_there_after_a_restart() {
    let scratch = Scratch::new("lasting");
    let running = Running::start(Some(&scratch.0));
    let (store, now_s) = (&running.store, unix_s());
    let identities = Identities::new(store.clone());
    let (ada, token) = identities.recognise(None);
    store.greet(ada, "Ada", None);
    let number = store.record_numbered(Score { player: ada, ..score(1, 12) });
    assert!(store.ban(ban(2, now_s + 500)) && store.ban(ban(3, now_s + 500)));
    assert!(store.mute(ban(4, now_s + 500)) && store.pardon(PlayerId(3), "Ada"));
    assert!(store.ignore(ada, PlayerId(9), true));
    assert_eq!(number, Some(2));
    let taken = store.taken();
    running.until("a commit", |store| store.durable() == taken);
    running.until("a board", |store| !store.boards().all.rows.is_empty());
    running.stop();

    let running = Running::start(Some(&scratch.0));
    let store = &running.store;
    let boards = store.boards();
    assert_eq!(boards.all.rows.first().map(|row| (row.player, row.score)), Some((ada, 12)));
    assert_eq!(boards.day.rows, boards.all.rows, "because it was today");
    assert!(store.verdict(PlayerId(2), None).is_some_and(|ban| ban.reason == "insults"));
    assert!(store.verdict(PlayerId(3), None).is_none(), "because of the pardon");
    assert!(store.muted(PlayerId(4)).is_some() && store.verdict(PlayerId(4), None).is_none());
    let identities = Identities::new(store.clone());
    assert_eq!(identities.recognise(Some(&token)).0, ada);
    assert!(identities.recognise(None).0.0 > PLAYERS_RESERVED, "because none comes twice");
    store.greet(ada, "Ada", None);
    running.until("the past", |store| store.best(ada) == 12 && store.ignores(ada, PlayerId(9)));
    assert!(store.health().is_lasting && store.health().trouble.is_none());
    running.stop();
    let lines = audit(&scratch.0, 9).expect("it can be read");
    let texts: Vec<_> = lines.iter().map(|line| line.text.split(' ').next()).collect();
    assert_eq!(texts, ["pardoned", "muted", "banned", "banned"].map(Some));
}

#[test]
fn a_backup_that_is_put_back_gives_no_number_out_again() {
    let scratch = Scratch::new("backup");
    let visit = || {
        let running = Running::start(Some(&scratch.0));
        let newcomer = Identities::new(running.store.clone()).recognise(None).0;
        running.stop();
        newcomer
    };
    let (file, backup) = (scratch.0.join("throng.db"), scratch.0.join("backup.db"));
    visit();
    std::fs::copy(&file, &backup).expect("the disk has room");
    let (ada, eve) = (visit(), visit());
    std::fs::copy(&backup, &file).expect("the disk has room");
    let bob = visit();
    assert!(ada < eve && eve < bob, "because each is somebody: {ada:?} {eve:?} {bob:?}");
}

#[test]
fn without_a_directory_it_is_the_same_as_long_as_it_runs() {
    let running = Running::start(None);
    let store = &running.store;
    assert!(store.record(score(1, 5)) && !store.record(score(0, 500)));
    running.until("a board", |store| store.boards().all.rows.len() == 1);
    assert_eq!(store.best(PlayerId(1)), 5);
    assert!(!store.health().is_lasting);
    running.stop();
}

#[test]
fn everybody_has_a_place_also_far_below_the_rows_of_a_board() {
    let scratch = Scratch::new("places");
    let players = BOARD_ROWS_KEPT as u32 + 200;
    let running = Running::start(Some(&scratch.0));
    for player in 1..=players {
        // Two have each score but the best ones.
        assert!(running.store.record(score(player, 1_000 - player / 2)));
    }
    let last = |store: &Store| store.places(PlayerId(players));
    running.until("places", |store| last(store) == (players, players));
    assert_eq!(running.store.places(PlayerId(1)), (1, 1));
    let shared = running.store.places(PlayerId(players - 1));
    assert_eq!(shared, (players - 2, players - 2), "because another one has as many");
    assert_eq!(running.store.places(PlayerId(players + 1)), (0, 0), "because it has no score");
    running.stop();

    let running = Running::start(Some(&scratch.0));
    running.store.greet(PlayerId(players), "player", None);
    running.until("the place of a visit before", |store| last(store) == (players, players));
    running.stop();
}

#[test]
fn a_full_disk_is_told_and_what_was_taken_is_written_when_there_is_room() {
    let scratch = Scratch::new("full");
    let (store, writer) = Store::open(Some(&scratch.0), Kept::default()).expect("it is new");
    let pages: u32 =
        writer.db().pragma_query_value(None, "page_count", |row| row.get(0)).expect("it has pages");
    let db = writer.db();
    db.query_row(&format!("PRAGMA max_page_count = {pages}"), (), |_| Ok(()))
        .expect("a limit can be set");
    let mut writer = writer;
    let stop = StopSign::default();
    for player in 1..=500 {
        assert!(store.record(score(player, 5)));
    }
    std::thread::scope(|scope| {
        let (sign, writer) = (stop.clone(), &mut writer);
        scope.spawn(move || writer.write_until(&sign));
        let end = Instant::now() + Duration::from_secs(60);
        while store.health().trouble.is_none() {
            assert!(Instant::now() < end, "because the disk is full");
            std::thread::sleep(Duration::from_millis(2));
        }
        assert!(store.record(score(501, 5)), "because the game goes on");
        assert_eq!((store.durable(), store.best(PlayerId(501))), (0, 5));
        let trouble = store.health().trouble;
        assert!(trouble.is_some_and(|why| why.contains("full")));
        stop.raise();
    });
    let db = writer.db();
    db.query_row("PRAGMA max_page_count = 100000", (), |_| Ok(())).expect("a limit can be set");
    let running = Running::of(store, writer);
    running.until("a commit", |store| store.durable() == 501 && store.health().trouble.is_none());
    running.stop();
    let running = Running::start(Some(&scratch.0));
    running.until("the boards", |store| store.boards().all.rows.len() == 500);
    running.stop();
}

#[test]
fn while_nothing_can_be_written_so_much_waits_and_the_rest_is_counted() {
    let scratch = Scratch::new("readonly");
    let (store, writer) = Store::open(Some(&scratch.0), Kept::default()).expect("it is new");
    writer.db().pragma_update(None, "query_only", true).expect("it can be set");
    let running = Running::of(store, writer);
    running.store.record(score(1, 1));
    running.until("trouble", |store| store.health().trouble.is_some());
    let mut taken = 1;
    while running.store.record(score(1, 1)) {
        taken += 1;
    }
    assert!(taken <= RECORDS_WAITING_MAX + 1, "because memory is bounded: {taken}");
    assert!(running.store.ban(ban(7, unix_s() + 100)) || running.store.health().refused == 2);
    assert!(running.store.verdict(PlayerId(7), None).is_some(), "because it counts all the same");
    let began = Instant::now();
    running.stop();
    let most = Duration::from_millis(COMMIT_RETRY_MS * 20);
    assert!(began.elapsed() < most, "because a broken disk does not keep a server from ending");
}

#[test]
fn while_nothing_can_be_written_what_is_kept_is_read_and_the_boards_go_on() {
    let scratch = Scratch::new("broken");
    let running = Running::start(Some(&scratch.0));
    let ada = Identities::new(running.store.clone()).recognise(None).0;
    assert!(running.store.record(Score { player: ada, ..score(1, 12) }));
    assert!(running.store.ignore(ada, PlayerId(9), true));
    running.stop();

    let (store, writer) = Store::open(Some(&scratch.0), Kept::default()).expect("it is there");
    writer.db().pragma_update(None, "query_only", true).expect("it can be set");
    let running = Running::of(store, writer);
    running.store.record(score(77, 1));
    running.until("trouble", |store| store.health().trouble.is_some());
    assert!(!running.store.has_read(ada) && running.store.has_read(PlayerId::NOBODY));
    running.store.greet(ada, "Ada", None);
    running.until("the past", |store| store.has_read(ada));
    assert!(running.store.ignores(ada, PlayerId(9)) && running.store.best(ada) == 12);
    running.store.record(score(78, 20));
    let is_there = |store: &Store| store.boards().all.rows.first().map(|it| it.score) == Some(20);
    running.until("a board", is_there);
    let boards = running.store.boards();
    assert_eq!(boards.all.rows.iter().map(|it| it.score).collect::<Vec<_>>(), [20, 12, 1]);
    assert_eq!(boards.day.rows, boards.all.rows, "because it was all today");
    assert_eq!(running.store.places(PlayerId(78)), (1, 1));
    assert_eq!(running.store.durable(), 0);
    running.stop();
}

#[test]
fn a_day_begins_also_where_nothing_can_be_read() {
    let (store, mut writer) = Store::open(None, Kept::default()).expect("there is memory");
    let today = day_of(unix_s());
    assert!(store.record(score(1, 5)));
    let stop = StopSign::default();
    stop.raise();
    assert_eq!(writer.write_until(&stop), 0);
    writer.refresh(today);
    let rows = |store: &Store| (store.boards().day.rows.len(), store.boards().all.rows.len());
    assert_eq!(rows(&store), (1, 1));
    writer.db().execute_batch("ALTER TABLE scores RENAME TO elsewhere").expect("it can be");
    writer.refresh(today + 1);
    assert_eq!(rows(&store), (0, 1), "because nobody has played on that day");
    assert_eq!(store.places(PlayerId(1)), (0, 1));
    writer.db().execute_batch("ALTER TABLE elsewhere RENAME TO scores").expect("it can be");
    writer.refresh(today);
    assert_eq!(rows(&store), (1, 1));
}

#[cfg(target_os = "linux")]
#[test]
fn a_directory_without_room_keeps_a_server_from_starting_in_one_sentence() {
    let scratch = Scratch::new("without-room");
    // A file on a disk that is always full.
    let lock = scratch.0.join("throng.lock");
    std::os::unix::fs::symlink("/dev/full", lock).expect("the disk has room");
    let refusal = Store::open(Some(&scratch.0), Kept::default()).map(drop);
    let Err(why) = refusal else { panic!("because it could promise nothing") };
    let shown = scratch.0.display().to_string();
    assert!(why.contains(&shown) && why.contains("No space left on device"), "{why}");
    assert!(why.ends_with('.') && why.lines().count() == 1, "{why}");
}

#[test]
fn numbers_are_reserved_before_they_are_given_out() {
    let running = Running::start(None);
    let identities = Identities::new(running.store.clone());
    let mut last = PlayerId::NOBODY;
    let end = Instant::now() + Duration::from_secs(60);
    while last.0 < PLAYERS_RESERVED * 3 {
        assert!(Instant::now() < end, "because more are reserved in time");
        let (player, _) = identities.recognise(None);
        if player.is_somebody() {
            assert!(player > last && player.0 < running.store.players().1);
            last = player;
        }
    }
    running.stop();
    let left = running_out(&identities);
    assert!(left < PLAYERS_RESERVED * 2, "because nobody reserves any more");
}

/// New players until no number is left.
fn running_out(identities: &Identities) -> u32 {
    (0..u32::MAX).find(|_| !identities.recognise(None).0.is_somebody()).expect("they end")
}

#[test]
fn a_ban_runs_out_by_itself() {
    let store = Store::none();
    store.ban(ban(1, unix_s().saturating_sub(1)));
    assert!(store.verdict(PlayerId(1), None).is_none());
}

#[test]
fn the_ban_of_an_address_is_for_newcomers_and_not_for_who_was_here_before() {
    let scratch = Scratch::new("address");
    let (store, writer) = Store::open(Some(&scratch.0), Kept::default()).expect("it is new");
    let before = PlayerId(store.players().0);
    drop((store, writer));
    let (store, _writer) =
        Store::open(Some(&scratch.0), Kept::default()).expect("nobody else uses it");
    let first = store.players().0;
    let [ada, eve, new] = [0, 1, 2].map(|it| PlayerId(first + it));
    let there = Some("192.0.2.1".parse().expect("it is an address"));
    store.greet(ada, "Ada", there);
    store.greet(eve, "Eve", there);
    assert!(store.ban(Ban { address: there, ..ban(eve.0, unix_s() + 100) }));
    let is_out = |player| store.verdict(player, there).is_some();
    assert!(is_out(eve) && is_out(new) && is_out(PlayerId::NOBODY));
    assert!(!is_out(ada), "because she was here before");
    assert!(!is_out(before), "because its number is of a process before");
}

#[test]
fn the_mute_of_an_address_is_for_newcomers_until_it_is_taken_back() {
    let (store, _writer) = Store::open(None, Kept::default()).expect("there is memory");
    let first = store.players().0;
    let [ada, eve, new, newer, newest] = [0, 1, 2, 3, 4].map(|it| PlayerId(first + it));
    let there = Some("192.0.2.1".parse().expect("it is an address"));
    store.greet(ada, "Ada", there);
    store.greet(eve, "Eve", there);
    assert!(store.mute(Ban { address: there, ..ban(eve.0, unix_s() + 100) }));
    let is_muted = |player| store.muted(player).is_some();
    store.greet(new, "Eva", there);
    store.greet(newer, "Evi", there);
    // Who is somebody new once is known from then on, and stays muted all the same.
    store.greet(new, "Eva", Some("192.0.2.2".parse().expect("it is an address")));
    store.greet(ada, "Ada", there);
    assert!(is_muted(eve) && is_muted(new) && is_muted(newer));
    assert!(!is_muted(ada), "because she was here before");
    assert!(store.verdict(new, there).is_none(), "because a mute is no ban");
    assert!(store.unmute(newer, "Ada") && !is_muted(newer));
    assert!(is_muted(new) && store.unmute(eve, "Ada"));
    assert!(!is_muted(new) && !is_muted(eve), "because that one answered for another");
    store.greet(newest, "Ewa", there);
    assert!(!is_muted(newest));
}

#[test]
fn who_came_from_a_muted_address_stays_muted_over_a_restart() {
    let scratch = Scratch::new("muted");
    let there = Some("192.0.2.1".parse().expect("it is an address"));
    let running = Running::start(Some(&scratch.0));
    let first = running.store.players().0;
    let [eve, new, pardoned] = [0, 1, 2].map(|it| PlayerId(first + it));
    running.store.greet(eve, "Eve", there);
    assert!(running.store.mute(Ban { address: there, ..ban(eve.0, unix_s() + 5_000) }));
    running.store.greet(new, "Eva", there);
    running.store.greet(pardoned, "Evi", there);
    assert!(running.store.unmute(pardoned, "Ada"));
    let taken = running.store.taken();
    running.until("a commit", |store| store.durable() == taken);
    running.stop();

    let running = Running::start(Some(&scratch.0));
    // From elsewhere: it is the player who is known again.
    for player in [pardoned, new] {
        running.store.greet(player, "Eva", None);
    }
    running.until("what was kept of it", |store| store.muted(new).is_some());
    assert!(running.store.muted(pardoned).is_none(), "because an operator took it back");
    assert!(running.store.unmute(eve, "Ada") && running.store.muted(new).is_none());
    running.stop();
    let lines = audit(&scratch.0, 9).expect("it can be read");
    let lifted: Vec<_> =
        lines.iter().filter(|line| line.text == "unmuted").map(|line| line.player).collect();
    assert_eq!(lifted, [eve, pardoned], "because each is written down");
}

#[test]
fn nothing_secret_is_shown() {
    let (store, writer) = Store::open(None, Kept::default()).expect("there is memory");
    let key = format!("{:?}", store.key());
    let shown = format!("{store:?} {writer:?}");
    assert!(!shown.contains(&key) && shown.contains("Shared"), "{shown}");
}
