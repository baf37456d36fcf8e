//! Rooms that share a worker, on virtual time: what a machine has time for does not show.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};

use super::*;
use crate::config::{ArenaSpec, Settings};
use crate::hub::HubPort;
use crate::link::Inbox;
use crate::room::StillPool;

/// Rates of the rooms that go on.
const CALM_HZ: [u32; 2] = [30, 128];
const SECONDS: u32 = 10;

/// A room in a pool whose time begins at `origin`, which may crash after a tick.
fn add(
    pool: &StillPool,
    (directory, clerk): (&Directory, &Clerk),
    (name, tick_hz): (&str, u32),
    (origin, panic_at): (Instant, Option<Tick>),
) -> Arc<RoomStatus> {
    let settings = Settings { arena: Some(ArenaSpec::Disc(8)), ..Settings::default() };
    let config = Config::new(settings).expect("the settings are allowed");
    let (arena, shards) = config.arena().expect("the disc can be made");
    let options = RoomOptions {
        name: name.to_owned(),
        is_private: false,
        sim: SimOptions { tick_hz, seed: 1, players_max: 8, shards },
        game: Game::default(),
        link_hold_ms: 1_000,
        limits: Arc::default(),
        cores: 1,
        panic_at,
        stall_at: None,
    };
    let link = directory.open(Listing::sole(name)).expect("a place is free");
    let status = Arc::new(RoomStatus::new(name.to_owned(), tick_hz, 8));
    let room = RoomWorker::new(arena, &options, link, Arc::clone(&status), HubPort::none());
    let pace = Pace::new(origin, tick_hz);
    pool.add(pace.deadline(), Box::new(Running { room, pace, clerk: clerk.clone() }));
    status
}

/// Lets rooms of one worker run for a while, of which one crashes in the midst of it and has
/// its report written to a disk that takes an hour. By calm room: the ticks that were
/// published, in order.
fn published_around_a_crash(
    inbox: &Inbox,
    directory: &Directory,
    origin: Instant,
) -> [Vec<u32>; 2] {
    let pool = StillPool::new();
    let clerk = Clerk::new(std::env::temp_dir(), Duration::from_secs(3_600));
    let desk = (directory, &clerk);
    let calm = CALM_HZ.map(|hz| add(&pool, desk, (&format!("calm-{hz}"), hz), (origin, None)));
    // At a deadline that it has in common with the others.
    let panic_at = Some(Tick(5 * 60));
    let struck = add(&pool, desk, ("struck", 60), (origin, panic_at));
    let ids = CALM_HZ.map(|hz| directory.named(&format!("calm-{hz}")).expect("it is open"));
    let mut published = [Vec::new(), Vec::new()];
    let end = origin + Duration::from_secs(SECONDS.into());
    while pool.turn(end) {
        while let Some(publication) = inbox.published(Instant::now()) {
            if let Some(calm) = ids.iter().position(|&id| id == publication.room) {
                published[calm].push(publication.frame.tick().0);
            }
            if let Some(port) = directory.port(publication.room, 0) {
                port.note_taken();
            }
        }
    }
    assert_eq!(struck.tick(), 5 * 60, "because it is run no more");
    assert!(directory.named("struck").is_none(), "because it is gone");
    assert_eq!(clerk.writing(), 1, "because that takes an hour");
    for (status, hz) in calm.iter().zip(CALM_HZ) {
        assert_eq!((status.skipped(), status.tick()), (0, SECONDS * hz), "{hz} Hz");
    }
    published
}

#[test]
fn no_other_room_misses_a_tick_when_one_panics() {
    let (tell, told) = sync_channel(1);
    std::thread::spawn(move || {
        let (directory, inboxes) = Directory::new(1);
        let inbox = inboxes.first().expect("there is one thread");
        let published = published_around_a_crash(inbox, &directory, Instant::now());
        // Whoever waited has given up.
        drop(tell.send(published));
    });
    // A worker that waits for the disk takes an hour, and any machine less than this.
    let published = match told.recv_timeout(Duration::from_secs(300)) {
        Ok(published) => published,
        Err(RecvTimeoutError::Timeout) => panic!("because a room waited for the disk of another"),
        Err(RecvTimeoutError::Disconnected) => panic!("because the rooms were not run to the end"),
    };
    for (ticks, hz) in published.iter().zip(CALM_HZ) {
        let all: Vec<u32> = (1..=SECONDS * hz).collect();
        assert_eq!(ticks, &all, "because each tick of {hz} Hz is published, and none twice");
    }
}
