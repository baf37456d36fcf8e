//! The file: how it is opened, looked at, and brought to the newest version. What is wrong
//! with it is told to the operator in one sentence, and nothing is repaired unasked.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, Transaction};
use throng_shared::limits::STORE_CHECK_MS;

/// Marks a file as ours: "thrg".
const APPLICATION: i32 = 0x7468_7267;
const FILE: &str = "throng.db";
const LOCK: &str = "throng.lock";
/// Longest wait for whoever copies the file.
const BUSY: Duration = Duration::from_secs(2);
/// Instructions of the database between two looks at the clock.
const STEPS_A_LOOK: i32 = 10_000;

/// What makes each version of the one before; the first, of nothing. They stay as they
/// are for ever, since files of every version are about.
const MIGRATIONS: [&str; 3] = [
    "
    CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE players (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL,
        first_s INTEGER NOT NULL, last_s INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX players_by_last ON players (last_s);
    CREATE TABLE scores (
        day INTEGER NOT NULL, player INTEGER NOT NULL, name TEXT NOT NULL, room TEXT NOT NULL,
        shards INTEGER NOT NULL, kills INTEGER NOT NULL, at_s INTEGER NOT NULL,
        PRIMARY KEY (day, player)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX scores_by_rank ON scores (day, shards DESC, kills DESC, at_s);
    CREATE TABLE sanctions (
        kind TEXT NOT NULL, player INTEGER NOT NULL, address TEXT, until_s INTEGER NOT NULL,
        reason TEXT NOT NULL, operator TEXT NOT NULL, PRIMARY KEY (kind, player)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE audit (
        id INTEGER PRIMARY KEY, at_s INTEGER NOT NULL, operator TEXT NOT NULL,
        player INTEGER NOT NULL, text TEXT NOT NULL
    ) STRICT;
    ",
    "
    CREATE TABLE ignored (
        player INTEGER NOT NULL, other INTEGER NOT NULL, PRIMARY KEY (player, other)
    ) STRICT, WITHOUT ROWID;
    ",
    "
    ALTER TABLE players ADD COLUMN answers_for INTEGER;
    ALTER TABLE players ADD COLUMN answers_until_s INTEGER;
    ALTER TABLE audit ADD COLUMN is_report INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX audit_by_kind ON audit (is_report, id);
    ",
];

/// An open file, and the lock that keeps other servers away from it.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) db: Connection,
    pub(super) lock: Option<File>,
}

/// A database in memory: the same, but for those who keep nothing.
pub(super) fn open_in_memory() -> Result<Opened, String> {
    let opened = Connection::open_in_memory().and_then(|mut db| prepare(&mut db).map(|()| db));
    let db = opened.map_err(|error| format!("Scores cannot be kept in memory: {error}."))?;
    Ok(Opened { db, lock: None })
}

/// Opens or creates the file in a directory.
///
/// # Errors
/// A sentence that names the file, and what to do.
pub(super) fn open(dir: &Path) -> Result<Opened, String> {
    if dir.as_os_str().is_empty() {
        return Err("data is empty, and must name a directory.".to_owned());
    }
    let shown = dir.display();
    let unusable = |error| format!("The data directory {shown} cannot be used: {error}.");
    create_dir(dir).map_err(unusable)?;
    let lock = create(&dir.join(LOCK)).map_err(unusable)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(format!(
                "The data directory {shown} is in use by another server; each needs one of its own."
            ));
        }
        Err(TryLockError::Error(error)) => return Err(unusable(error)),
    }
    let path = dir.join(FILE);
    create(&path).map_err(unusable)?;
    let db = open_file(&path)?;
    Ok(Opened { db, lock: Some(lock) })
}

/// Up to where numbers of players were ever given out in this directory. The lock file knows,
/// which nobody copies back with a backup: a number that was given out since would else be
/// given to somebody else again.
pub(super) fn given_out(mut lock: &File) -> u32 {
    let mut text = String::new();
    let read = lock.rewind().and_then(|()| lock.take(16).read_to_string(&mut text));
    read.ok().and_then(|_| text.trim().parse().ok()).unwrap_or(0)
}

/// Keeps that.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn give_out(mut lock: &File, until: u32) -> std::io::Result<()> {
    // Of one length, so that a torn one is not a smaller one.
    lock.rewind()?;
    lock.write_all(format!("{until:010}\n").as_bytes())?;
    lock.sync_data()
}

/// Creates what only the server's own account may read: the key of identities is there.
fn create(path: &PathBuf) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn create_dir(dir: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(dir)
}

fn open_file(path: &Path) -> Result<Connection, String> {
    let shown = path.display();
    let damaged = |what: &str| {
        format!(
            "The file {shown} is damaged ({what}): move it away together with {FILE}-wal and \
             {FILE}-shm, and put a backup in its place, or none to begin anew."
        )
    };
    let explain = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => damaged(&error.to_string()),
        _ => format!("The file {shown} cannot be used: {error}."),
    };
    let mut db = Connection::open(path).map_err(explain)?;
    db.busy_timeout(BUSY).map_err(explain)?;
    let number = |name| db.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let application = number("application_id").map_err(explain)?;
    let version = number("user_version").map_err(explain)?;
    let newest = MIGRATIONS.len();
    if application == APPLICATION && usize::try_from(version).is_ok_and(|it| it > newest) {
        return Err(format!(
            "The file {shown} is of version {version}, and this program knows versions up to \
             {newest}: use the newer program that wrote it."
        ));
    }
    let is_empty = db.query_row("SELECT count(*) = 0 FROM sqlite_schema", (), |row| row.get(0));
    if application != APPLICATION && !(is_empty.map_err(explain)? && version == 0) {
        return Err(format!("The file {shown} is a database of another program."));
    }
    match check(&mut db).map_err(explain)? {
        Check::Whole => {}
        Check::Unfinished => tracing::warn!(
            "The file {shown} is so large that only a part of it was looked at for damage."
        ),
        Check::Damaged(what) => return Err(damaged(&what)),
    }
    prepare(&mut db).map_err(explain)?;
    Ok(db)
}

/// What a look at a file showed.
enum Check {
    Whole,
    /// There was no time for all of it.
    Unfinished,
    Damaged(String),
}

fn check(db: &mut Connection) -> rusqlite::Result<Check> {
    let end = Instant::now() + Duration::from_millis(STORE_CHECK_MS);
    db.progress_handler(STEPS_A_LOOK, Some(move || Instant::now() >= end))?;
    let told = db.query_row("PRAGMA quick_check(1)", (), |row| row.get::<_, String>(0));
    db.progress_handler(0, None::<fn() -> bool>)?;
    match told {
        Ok(told) if told == "ok" => Ok(Check::Whole),
        Ok(told) => Ok(Check::Damaged(told.replace('\n', ", "))),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
            Ok(Check::Unfinished)
        }
        Err(error) => Err(error),
    }
}

/// Sets how it is written, and makes it one of the newest version.
fn prepare(db: &mut Connection) -> rusqlite::Result<()> {
    // What is committed is on the disk, and what is not leaves no trace.
    db.query_row("PRAGMA journal_mode = WAL", (), |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.query_row("PRAGMA journal_size_limit = 4194304", (), |_| Ok(()))?;
    let version = db.pragma_query_value(None, "user_version", |row| row.get::<_, i32>(0))?;
    let known = usize::try_from(version).unwrap_or(0);
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(known) {
        let change = db.transaction()?;
        migrate(&change, migration, index + 1)?;
        change.commit()?;
    }
    Ok(())
}

/// Makes a version of the one before.
fn migrate(change: &Transaction<'_>, migration: &str, version: usize) -> rusqlite::Result<()> {
    change.execute_batch(migration)?;
    change.pragma_update(None, "application_id", APPLICATION)?;
    change.pragma_update(None, "user_version", i32::try_from(version).unwrap_or(i32::MAX))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A directory that is gone with the test.
    pub(in crate::store) struct Scratch(pub(in crate::store) PathBuf);

    impl Scratch {
        pub(in crate::store) fn new(name: &str) -> Self {
            let dir = std::env::temp_dir().join(format!("throng-{}-{name}", std::process::id()));
            drop(fs::remove_dir_all(&dir));
            fs::create_dir(&dir).expect("the temporary folder can be written");
            Self(dir)
        }

        fn file(&self) -> PathBuf {
            self.0.join(FILE)
        }

        fn refusal(&self) -> String {
            open(&self.0).expect_err("it is not to be used")
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            // It is in the temporary folder, where others clean up, too.
            drop(fs::remove_dir_all(&self.0));
        }
    }

    fn version(db: &Connection) -> u32 {
        db.pragma_query_value(None, "user_version", |row| row.get(0)).expect("it has one")
    }

    #[test]
    fn a_file_of_the_first_version_becomes_one_of_the_newest_with_all_that_is_in_it() {
        let scratch = Scratch::new("old");
        let mut db = Connection::open(scratch.file()).expect("it can be made");
        let first = db.transaction().expect("nobody else writes");
        migrate(&first, MIGRATIONS[0], 1).expect("it is the first version");
        first
            .execute("INSERT INTO scores VALUES (0, 7, 'Ada', 'arena', 12, 3, 99)", ())
            .expect("the table is there");
        first.commit().expect("the disk has room");
        drop(db);
        let Opened { db, lock } = open(&scratch.0).expect("old files are brought up");
        assert_eq!(version(&db), MIGRATIONS.len() as u32);
        db.execute("INSERT INTO players VALUES (9, 'Eve', 1, 1, 7, 2)", ())
            .expect("so is the column");
        let kept = "SELECT name, shards FROM scores WHERE player = 7";
        let kept = db.query_row(kept, (), |row| Ok((row.get(0)?, row.get(1)?)));
        assert_eq!(kept, Ok(("Ada".to_owned(), 12)));
        db.execute("INSERT INTO ignored VALUES (7, 8)", ()).expect("the newest table is there");
        drop((db, lock));
        assert!(open(&scratch.0).is_ok(), "because nothing is left to do");
    }

    #[test]
    fn a_migration_that_fails_changes_nothing() {
        let mut db = Connection::open_in_memory().expect("there is memory");
        prepare(&mut db).expect("it is new");
        let change = db.transaction().expect("nobody else writes");
        let broken = "CREATE TABLE more (id INTEGER) STRICT; CREATE TABLE scores (x);";
        migrate(&change, broken, MIGRATIONS.len() + 1).expect_err("that table is there");
        drop(change);
        assert_eq!(version(&db), MIGRATIONS.len() as u32);
        db.prepare("SELECT * FROM more").expect_err("because it was taken back");
    }

    #[test]
    fn a_file_of_a_newer_program_is_refused() {
        let scratch = Scratch::new("newer");
        let Opened { db, lock } = open(&scratch.0).expect("it is new");
        db.pragma_update(None, "user_version", 99).expect("it can be written");
        drop((db, lock));
        let refusal = scratch.refusal();
        assert!(refusal.contains("version 99") && refusal.contains("newer program"), "{refusal}");
    }

    #[test]
    fn a_database_of_another_program_is_left_alone() {
        let scratch = Scratch::new("foreign");
        let db = Connection::open(scratch.file()).expect("it can be made");
        db.execute_batch("CREATE TABLE theirs (x)").expect("it can be written");
        drop(db);
        assert!(scratch.refusal().contains("another program"), "{}", scratch.refusal());
    }

    #[test]
    fn two_servers_do_not_share_a_directory() {
        let scratch = Scratch::new("shared");
        let first = open(&scratch.0).expect("it is new");
        let refusal = scratch.refusal();
        assert!(refusal.contains("in use by another server"), "{refusal}");
        drop(first);
        assert!(open(&scratch.0).is_ok(), "because the first is gone");
    }

    #[test]
    fn a_damaged_file_is_refused_with_what_to_do() {
        let scratch = Scratch::new("damaged");
        let Opened { db, lock } = open(&scratch.0).expect("it is new");
        let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000)
            INSERT INTO players SELECT i, 'somebody', i, i, NULL, NULL FROM n";
        db.execute(rows, ()).expect("the disk has room");
        db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").expect("nobody reads");
        drop((db, lock));
        let whole = fs::read(scratch.file()).expect("it was written");
        let mut scribbled = whole.clone();
        let at = whole.len() / 2;
        scribbled[at..at + 4096].fill(0x5a);
        for (what, bytes) in [
            ("cut", whole[..whole.len() / 3].to_vec()),
            ("scribbled over", scribbled),
            ("other", b"This is a letter to somebody, and no database at all.".repeat(20)),
        ] {
            fs::write(scratch.file(), bytes).expect("the folder can be written");
            let refusal = scratch.refusal();
            let is_told = refusal.contains("is damaged") && refusal.contains("backup");
            assert!(is_told && refusal.lines().count() == 1, "because it is {what}: {refusal}");
        }
        fs::write(scratch.file(), whole).expect("the folder can be written");
        assert!(open(&scratch.0).is_ok(), "because the backup is whole");
    }

    #[test]
    fn what_is_no_directory_is_named() {
        let scratch = Scratch::new("nodir");
        let file = scratch.0.join("file");
        fs::write(&file, "").expect("the folder can be written");
        let refusal = open(&file).expect_err("it is a file");
        assert!(refusal.contains("The data directory") && refusal.contains("file"), "{refusal}");
        assert!(open(Path::new("")).err().is_some_and(|refusal| refusal.contains("empty")));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_account_of_the_server_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let scratch = Scratch::new("modes");
        let dir = scratch.0.join("data");
        let opened = open(&dir).expect("it is made");
        opened.db.execute("INSERT INTO ignored VALUES (1, 2)", ()).expect("it can be written");
        for entry in fs::read_dir(&dir).expect("it is there") {
            let entry = entry.expect("it is there");
            let mode = entry.metadata().expect("it is there").permissions().mode();
            assert_eq!(mode & 0o077, 0, "because of {:?}", entry.file_name());
        }
    }
}
