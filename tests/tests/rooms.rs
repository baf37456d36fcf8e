//! Many rooms of one server: each on its own grid, none harmed by another, and the ways into
//! them and between them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use throng::config::{ArenaSpec, Config, Limits, Rehearsal, Settings};
use throng::game::Game;
use throng::hub::HubPort;
use throng::link::{ConnId, Control, Directory, Listing, Mail, Step, Visitor};
use throng::net::Caller;
use throng::room::{Pace, RoomOptions, RoomStatus, RoomWorker};
use throng::rooms::{Plan, Wanted};
use throng::serve::{Server, start};
use throng::sim::SimOptions;
use throng_shared::limits::MADE_PER_ADDRESS;
use throng_shared::session::Name;
use throng_shared::wire::{Ask, ClientMessage, Hello, Outcome, Problem};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::resume::{Tab, get};
use crate::sockets::empty;

/// No test fails because a machine is slow.
const PATIENCE: Duration = Duration::from_secs(60);

fn server(change: impl FnOnce(&mut Config)) -> Server {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let settings = Settings { listen: Some(listen), net_threads: Some(2), ..empty() };
    let mut config = Config::new(settings).expect("the settings are allowed");
    change(&mut config);
    let server = start(&config).expect("a port is free");
    // A busy machine must not keep a test's clients out.
    server.hold_step(Some(Step::Open));
    server
}

/// A second room of a server, without anybody.
pub(crate) fn attic(server: &Server, tick_hz: u32, players_max: usize) -> Arc<RoomStatus> {
    let settings = Settings { arena: Some(ArenaSpec::Disc(8)), ..empty() };
    let config = Config::new(settings).expect("the settings are allowed");
    let (arena, shards) = config.arena().expect("the disc can be made");
    let sim = SimOptions { tick_hz, seed: 3, players_max, shards };
    let plan =
        Plan { name: "attic".to_owned(), code: None, arena, sim, house_bots: 0, maker: None };
    server.rooms().open(plan).expect("a place is free")
}

fn hello(room: &str) -> Hello {
    Hello { room: room.to_owned(), ..Hello::guest("Ada", 1) }
}

async fn open(server: &Server, room: &str) -> Tab {
    Tab::open_as(server.address(), "/ws", hello(room)).await
}

/// Somebody who plays in a room.
async fn play(server: &Server, room: &str) -> Tab {
    let mut tab = open(server, room).await;
    tab.until(|tab| tab.is_flying()).await;
    tab
}

/// The code that ends a visit, or nothing for one who may play.
async fn end_of(server: &Server, room: &str) -> (Option<u16>, Tab) {
    let mut tab = open(server, room).await;
    tab.until(|tab| tab.welcomes > 0 || tab.closed.is_some()).await;
    (tab.closed, tab)
}

async fn go(tab: &mut Tab, call: u32, room: &str) -> Outcome {
    let ask = Ask::Go { room: room.to_owned() };
    tab.say(&ClientMessage::Ask { call, ask }).await;
    tab.until(|tab| tab.answers.iter().any(|(of, _)| *of == call)).await;
    let answer = tab.answers.iter().find(|(of, _)| *of == call).expect("it came");
    answer.1.clone()
}

fn problem(outcome: Outcome) -> Option<Problem> {
    match outcome {
        Outcome::Done => None,
        Outcome::Refused { problem, text, .. } => {
            assert!(text.ends_with('.'), "because it is a sentence: {text}");
            Some(problem)
        }
    }
}

async fn goes_on(tab: &mut Tab) {
    let before = tab.snapshots;
    tab.until(|tab| tab.snapshots > before + 20).await;
}

async fn post(address: SocketAddr, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    let len = body.len();
    let request = format!(
        "POST /api/rooms HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {len}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the server answers in text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    (head[9..12].to_owned(), body.to_owned())
}

#[tokio::test]
async fn rooms_of_different_rates_each_keep_their_own_grid() {
    let server = server(|config| config.tick_hz = 20);
    let status = attic(&server, 60, 8);
    let (mut slow, mut fast) = (play(&server, "arena").await, play(&server, "attic").await);
    assert_eq!((slow.room.as_str(), fast.room.as_str()), ("arena", "attic"));
    for _ in 0..3 {
        goes_on(&mut slow).await;
        goes_on(&mut fast).await;
    }
    let due = |status: &RoomStatus| u64::from(status.tick()) + status.skipped();
    let (began, slow_from, fast_from) = (Instant::now(), due(server.status()), due(&status));
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (slow_ticks, fast_ticks) = (due(server.status()) - slow_from, due(&status) - fast_from);
    let s = began.elapsed().as_secs_f64();
    // A tick late or skipped in the end is no drift.
    for (ticks, hz) in [(slow_ticks, 20.0), (fast_ticks, 60.0)] {
        let off = (ticks as f64 - s * hz).abs() / hz;
        assert!(off < 1.0, "because {hz} Hz is {hz} Hz: {ticks} ticks in {s} s");
    }
    server.stop();
}

#[tokio::test]
async fn a_room_that_panics_ends_for_those_in_it_and_for_nobody_else() {
    let rehearsal = Rehearsal { room: "attic".to_owned(), tick: 150, ms: 0 };
    let server = server(|config| config.panic_at = Some(rehearsal));
    attic(&server, 30, 8);
    let mut calm = play(&server, "arena").await;
    let mut struck = play(&server, "attic").await;
    struck.until(|tab| tab.closed.is_some()).await;
    assert_eq!(struck.closed, Some(1011));
    goes_on(&mut calm).await;
    assert_eq!((calm.welcomes, calm.closed), (1, None));
    assert_eq!(end_of(&server, "attic").await.0, Some(4014), "because it is gone");
    // Its sessions are over too.
    let mut again = Tab::open(server.address(), struck.lose()).await;
    again.until(|tab| tab.resumed.is_some()).await;
    assert_eq!((again.resumed, again.room.as_str()), (Some(false), "arena"));
    assert!(!server.is_broken(), "because a room is left");
    server.stop();
}

#[tokio::test]
async fn whoever_runs_the_rooms_does_not_write_what_one_that_panicked_was_told() {
    // Longer than the test: nothing may wait for it.
    let rehearsal = Rehearsal { room: "attic".to_owned(), tick: 150, ms: 3_600_000 };
    let server = server(|config| {
        config.room_workers = 1;
        config.panic_at = Some(rehearsal);
    });
    attic(&server, 30, 8);
    let mut calm = play(&server, "arena").await;
    let mut struck = play(&server, "attic").await;
    struck.until(|tab| tab.closed.is_some()).await;
    assert_eq!(struck.closed, Some(1011), "because the end of a room waits for no disk either");
    let clerk = server.rooms().clerk();
    assert_eq!(clerk.writing(), 1);
    let tick = server.status().tick();
    let end = Instant::now() + PATIENCE;
    while server.status().tick() < tick + 50 {
        assert!(Instant::now() < end, "because the one worker has other rooms to run");
        goes_on(&mut calm).await;
    }
    assert_eq!((clerk.writing(), calm.closed), (1, None), "because all that was meanwhile");
    server.stop();
}

#[tokio::test]
async fn a_room_that_stands_still_holds_up_nobody_else_and_goes_on() {
    let rehearsal = Rehearsal { room: "attic".to_owned(), tick: 150, ms: 4_000 };
    let server = server(|config| {
        config.room_workers = 1;
        config.stall_at = Some(rehearsal);
    });
    attic(&server, 30, 8);
    let mut calm = play(&server, "arena").await;
    let mut held = play(&server, "attic").await;
    let end = Instant::now() + PATIENCE;
    while server.rooms().directory().find("attic", 0).is_ok() {
        assert!(Instant::now() < end, "because it stands still after so many ticks");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(end_of(&server, "attic").await.0, Some(1013), "because it can take nobody");
    assert_eq!(problem(go(&mut calm, 1, "attic").await), Some(Problem::Busy));
    let (before, tick) = (server.status().tick(), calm.snapshots);
    goes_on(&mut calm).await;
    assert!(server.status().tick() > before && calm.snapshots > tick);
    goes_on(&mut held).await;
    assert_eq!((held.welcomes, held.closed), (1, None), "because nobody gave up on it");
    server.stop();
}

#[tokio::test]
async fn a_full_room_takes_nobody_more_and_who_wishes_for_none_goes_where_a_place_is() {
    let server = server(|config| config.players_max = 6);
    attic(&server, 30, 4);
    let named = join_all((0..12).map(|_| end_of(&server, "attic"))).await;
    let inside = named.iter().filter(|(closed, _)| closed.is_none()).count();
    let full = named.iter().filter(|(closed, _)| *closed == Some(1013)).count();
    assert_eq!((inside, full), (4, 8));
    let any = join_all((0..8).map(|_| end_of(&server, ""))).await;
    let inside = any.iter().filter(|(closed, tab)| closed.is_none() && tab.room == "arena").count();
    let full = any.iter().filter(|(closed, _)| *closed == Some(1013)).count();
    assert_eq!((inside, full), (6, 2), "because the attic has no place");
    server.stop();
}

#[tokio::test]
async fn who_wishes_for_none_goes_where_somebody_plays_rather_than_where_many_look_on() {
    let server = server(|_| {});
    attic(&server, 30, 8);
    let mut onlookers = Vec::new();
    for _ in 0..3 {
        let hello = Hello { watch: true, ..hello("arena") };
        let mut tab = Tab::open_as(server.address(), "/ws", hello).await;
        tab.until(|tab| tab.welcomes > 0).await;
        onlookers.push(tab);
    }
    let _there = play(&server, "attic").await;
    let told = || {
        let rooms = server.rooms().shown();
        let gauges = rooms.iter().map(|room| server.gauge().room(room.id.place));
        gauges.map(|gauge| (gauge.people(), gauge.company())).collect::<Vec<_>>()
    };
    let end = Instant::now() + PATIENCE;
    while told() != [(0, 3), (1, 1)] {
        assert!(Instant::now() < end, "because each room tells who is there: {:?}", told());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(play(&server, "").await.room, "attic");
    server.stop();
}

#[test]
fn of_a_thousand_who_join_at_once_as_many_come_in_as_there_are_places() {
    let settings = Settings { arena: Some(ArenaSpec::Disc(8)), ..empty() };
    let config = Config::new(settings).expect("the settings are allowed");
    let (arena, shards) = config.arena().expect("the disc can be made");
    let (directory, inboxes) = Directory::new(1);
    let link = directory.open(Listing::sole("attic")).expect("a place is free");
    let port = directory.port(link.id(), 0).expect("it is open");
    let (tick_hz, players_max) = (30, 100);
    let sim = SimOptions { tick_hz, seed: 1, players_max, shards };
    let name = "attic".to_owned();
    let options = RoomOptions {
        is_private: false,
        game: Game::default(),
        name: name.clone(),
        sim,
        link_hold_ms: 1_000,
        limits: Arc::default(),
        cores: 1,
        panic_at: None,
        stall_at: None,
    };
    let status = Arc::new(RoomStatus::new(name, tick_hz, players_max));
    let mut room = RoomWorker::new(arena, &options, link, status, HubPort::none());
    std::thread::scope(|scope| {
        for crowd in 0..4_u64 {
            let port = port.clone();
            scope.spawn(move || {
                for serial in 0..250 {
                    let conn = ConnId { thread: 0, serial: crowd * 250 + serial };
                    let name = Name::parse("Ada").expect("it is a name");
                    let join = {
                        let (who, watch, house) = (Visitor::default(), false, false);
                        Control::Join { conn, name, look: 0, who, watch, house }
                    };
                    assert_eq!(port.control(join), Ok(()));
                }
            });
        }
    });
    let origin = Instant::now();
    let mut pace = Pace::new(origin, tick_hz);
    let (mut joined, mut refused) = (0, 0);
    for tick in 1..=60_u32 {
        room.turn(
            &mut pace,
            origin + Duration::from_secs(1) * tick / tick_hz + Duration::from_millis(1),
        );
        while let Some(publication) = inboxes[0].published(origin) {
            port.note_taken();
            for mail in publication.mail {
                joined += usize::from(matches!(mail, Mail::Joined { .. }));
                refused += usize::from(matches!(mail, Mail::Refused { .. }));
            }
        }
        assert!(room.sim().seats() <= players_max, "because there are no more places");
    }
    assert_eq!((joined, refused, room.sim().seats()), (100, 900, 100));
    let gauge = directory.gauge().room(port.id().place);
    assert_eq!((gauge.is_full(), gauge.people()), (true, 100));
}

#[tokio::test]
async fn who_goes_to_another_room_keeps_socket_and_session() {
    let server = server(|_| {});
    let status = attic(&server, 60, 8);
    let mut tab = play(&server, "").await;
    assert_eq!(tab.room, "arena");
    for (call, room) in [(1, "attic"), (2, "arena"), (3, "")] {
        let welcomes = tab.welcomes;
        assert_eq!(go(&mut tab, call, room).await, Outcome::Done);
        tab.until(|tab| tab.welcomes > welcomes && tab.is_flying()).await;
        assert_eq!(tab.resumed, Some(true), "because the session goes on");
        goes_on(&mut tab).await;
    }
    assert_eq!((tab.room.as_str(), tab.welcomes), ("attic", 4));
    assert_eq!(
        (server.status().players(), status.players()),
        (0, 1),
        "because one is in one place"
    );
    assert_eq!(server.tally().open(), 1, "because it is the same socket");
    // Where it was is where it comes back.
    let you = tab.you();
    let mut again = Tab::play(server.address(), tab.lose()).await;
    again.until(|tab| tab.is_flying()).await;
    assert_eq!((again.resumed, again.room.as_str()), (Some(true), "attic"));
    assert_eq!(again.you(), you);
    assert_eq!(go(&mut again, 4, "attic").await, Outcome::Done, "because it is there");
    assert_eq!(again.welcomes, 1);
    server.stop();
}

#[tokio::test]
async fn who_cannot_go_stays_and_is_told_why() {
    let server = server(|_| {});
    attic(&server, 30, 1);
    let _there = play(&server, "attic").await;
    let mut tab = play(&server, "arena").await;
    assert_eq!(problem(go(&mut tab, 1, "cellar").await), Some(Problem::NoSuchRoom));
    assert_eq!(problem(go(&mut tab, 2, "attic").await), Some(Problem::RoomFull));
    assert_eq!(problem(go(&mut tab, 3, "").await), Some(Problem::RoomFull));
    goes_on(&mut tab).await;
    assert_eq!((tab.room.as_str(), tab.welcomes), ("arena", 1));
    assert_eq!(server.status().players(), 1);
    server.stop();
}

#[tokio::test]
async fn a_private_room_is_found_by_its_code_and_shown_to_nobody() {
    let server = server(|_| {});
    let address = server.address();
    let (status, body) = post(address, r#"{"name":"den","private":true,"map":"disc:8"}"#).await;
    assert_eq!(status, "201", "{body}");
    let made: serde_json::Value = serde_json::from_str(&body).expect("the answer is JSON");
    let code = made["code"].as_str().expect("a private room has a code").to_owned();
    let (status, body) = post(address, r#"{"name":"hall","tick_hz":60,"house_bots":2}"#).await;
    assert_eq!((status.as_str(), body.contains("code")), ("201", false), "{body}");
    let listed = get(address, "/api/rooms").await;
    assert!(listed.contains("\"hall\"") && !listed.contains("den"), "{listed}");
    assert!(listed.contains("\"private_rooms\":1") && !listed.contains(&code), "{listed}");
    assert_eq!(end_of(&server, "den").await.0, Some(4014));
    let tab = play(&server, &code.to_lowercase()).await;
    assert_eq!(tab.room, "den");
    let mut other = play(&server, "hall").await;
    assert_eq!(go(&mut other, 1, &code).await, Outcome::Done);
    other.until(|tab| tab.room == "den").await;
    for (body, status, expected) in [
        (r#"{"name":"HALL"}"#, "409", "already"),
        (r#"{"tick_hz":500}"#, "400", "must be 10 to 128"),
        ("rooms", "400", "is JSON"),
    ] {
        let (told, sentence) = post(address, body).await;
        assert!(told == status && sentence.contains(expected), "{told} {sentence}");
    }
    server.stop();
}

#[tokio::test]
async fn rooms_that_players_made_close_when_nobody_has_been_there_for_a_while() {
    let server = server(|config| {
        config.room_empty_s = 2;
        (config.link_hold_ms, config.session_ms) = (500, 1_000);
    });
    attic(&server, 30, 8);
    let bots = Wanted { name: Some("hall".to_owned()), house_bots: Some(1), ..Wanted::default() };
    let rooms = Arc::clone(server.rooms());
    let made = rooms.make(&bots, Caller::default()).expect("it can be made");
    let there = |name: &str| server.rooms().shown().iter().any(|room| room.status.name == name);
    let tab = play(&server, &made.name).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(there("hall"), "because somebody is there");
    drop(tab);
    let end = Instant::now() + PATIENCE * 3;
    while there("hall") {
        assert!(Instant::now() < end, "because a bot is nobody, and a lost player is for a while");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(there("arena") && there("attic"), "because nobody made them");
    server.stop();
}

#[tokio::test]
async fn the_arena_is_opened_anew_after_a_crash_while_another_room_lives() {
    let rehearsal = Rehearsal { room: "arena".to_owned(), tick: 150, ms: 0 };
    let server = server(|config| config.panic_at = Some(rehearsal));
    let (status, body) =
        post(server.address(), r#"{"name":"den","private":true,"map":"disc:8"}"#).await;
    assert_eq!(status, "201", "{body}");
    let arenas = || -> Vec<_> {
        let rooms = server.rooms().shown();
        rooms.iter().filter(|room| room.status.name == "arena").map(|room| room.id.number).collect()
    };
    let mut seen = arenas();
    // It crashes each time, and is there again each time.
    for _ in 0..2 {
        let mut struck = play(&server, "").await;
        assert_eq!(struck.room, "arena", "because no other public room is there");
        struck.until(|tab| tab.closed.is_some()).await;
        assert_eq!(struck.closed, Some(1011));
        let (status, body) = post(server.address(), r#"{"name":"Arena","private":true}"#).await;
        assert_eq!(status, "409", "because nobody takes its place meanwhile: {body}");
        let end = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < end && !server.is_broken(), "because it comes back");
            if let [number] = arenas()[..]
                && !seen.contains(&number)
            {
                seen.push(number);
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    server.stop();
}

#[test]
fn however_many_ask_at_once_an_address_has_no_more_rooms_than_it_may() {
    let server = server(|_| {});
    let start = std::sync::Barrier::new(24);
    let made: usize = std::thread::scope(|scope| {
        let ask = || {
            start.wait();
            let wanted = Wanted { map: Some("disc:8".to_owned()), ..Wanted::default() };
            usize::from(server.rooms().make(&wanted, Caller::default()).is_ok())
        };
        let asking: Vec<_> = (0..24).map(|_| scope.spawn(ask)).collect();
        asking.into_iter().map(|it| it.join().expect("it does not panic")).sum()
    });
    assert!((1..=MADE_PER_ADDRESS).contains(&made), "{made} were made");
    // Who was refused while others were in the making has its rooms all the same.
    let wanted = Wanted { map: Some("disc:8".to_owned()), ..Wanted::default() };
    let later = (0..24).filter(|_| server.rooms().make(&wanted, Caller::default()).is_ok());
    assert_eq!(made + later.count(), MADE_PER_ADDRESS);
    server.stop();
}

#[tokio::test]
async fn there_are_as_many_rooms_as_the_operator_allows() {
    let server = server(|config| {
        config.limits = Limits { rooms_max: 3, made_per_address: 9, ..config.limits.clone() };
    });
    for expected in ["201", "201", "503"] {
        let (status, body) = post(server.address(), r#"{"map":"disc:8"}"#).await;
        assert_eq!(status, expected, "{body}");
        assert!(
            status == "201" || body == "3 rooms are open, and there can be no more.\n",
            "{body}"
        );
    }
    server.stop();
}

#[tokio::test]
async fn pages_of_others_make_no_rooms_and_have_no_tickets() {
    let server = server(|_| {});
    let address = server.address();
    for path in ["/api/rooms", "/api/ticket"] {
        for (origin, status) in [
            ("http://evil.example".to_owned(), "403"),
            ("null".to_owned(), "403"),
            (format!("http://{address}"), if path == "/api/rooms" { "201" } else { "200" }),
        ] {
            let mut stream = TcpStream::connect(address).await.expect("the server listens");
            let body = if path == "/api/rooms" { "{}" } else { r#"{"name":"Ada","room":"arena"}"# };
            let request = format!(
                "POST {path} HTTP/1.1\r\nHost: {address}\r\nOrigin: {origin}\r\n\
                 Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(request.as_bytes()).await.expect("the server reads");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("the server answers in text");
            assert_eq!(&answer[9..12], status, "{path} from {origin}: {answer}");
        }
    }
    assert_eq!(server.rooms().shown().len(), 2, "because one was made by a page of ours");
    server.stop();
}

#[tokio::test]
async fn an_operator_may_keep_the_rooms_as_they_are() {
    let server = server(|config| config.rooms_fixed = true);
    let (status, sentence) = post(server.address(), "{}").await;
    assert_eq!(
        (status.as_str(), sentence.as_str()),
        ("403", "The rooms of this server are fixed.\n")
    );
    server.stop();
}
