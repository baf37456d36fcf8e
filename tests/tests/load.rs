//! The load generator against servers that are known to be slow, odd or gone.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use throng::config::{ArenaSpec, Settings};
use throng_bot::load::window::Window;
use throng_bot::load::{Beat, LoadError, Plan, Step, Stop};
use throng_bot::stress::profile::Profile;
use throng_shared::cells::{CellGrid, Focus};
use throng_shared::ids::{NetId, Tick};
use throng_shared::map::TileMap;
use throng_shared::wire::{
    CellKeyframe, ClientMessage, Feedback, Identity, MapRuns, Refocus, Secret, ServerMessage,
    Snapshot, TickDelta, Welcome, decode_client, encode,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_tungstenite::tungstenite::protocol::Message;

use crate::sockets::{empty, server};

const TICK_HZ: u8 = 30;

pub(crate) fn plan(url: String, count: usize, seconds: f64) -> Plan {
    let profile = Plan::ramp_and_hold(count, 1000.0, seconds).expect("a short load");
    let mix = "walk".parse().expect("a mix");
    Plan { joining_max: usize::MAX, ..Plan::plain(url, profile, mix, 3) }
}

fn profile(stages: &[&str]) -> Profile {
    let stages = stages.iter().map(|stage| stage.parse().expect("a stage"));
    Profile::new(stages.collect()).expect("a load")
}

/// What `count` bots saw in a window of so many seconds.
fn load(plan: &Plan, count: usize, seconds: f64) -> Result<Beat, LoadError> {
    let mut window = Window::new(count, 0.0, seconds);
    plan.run(&Stop::default(), &mut |beat| window.take(&beat))?;
    Ok(window.sum())
}

/// Serves everybody who comes, until the process ends; `play` is one session.
struct Stub {
    address: SocketAddr,
}

impl Stub {
    fn start<F>(play: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("an event loop");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        std::thread::spawn(move || {
            runtime.block_on(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(play(stream));
                }
            });
        });
        Self { address }
    }

    fn url(&self) -> String {
        format!("ws://{}/ws", self.address)
    }
}

/// A server of nothing but empty ticks, which stands still for two seconds in twenty.
async fn stall(stream: TcpStream) {
    let map = TileMap::walled(64, 64).expect("the size is allowed");
    let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
    let welcome = ServerMessage::Welcome(Welcome {
        secret: Secret::default(),
        resumed: false,
        identity: Identity::default(),
        session_ms: 60_000,
        time_ms: 0,
        watch: false,
        you: NetId(0),
        own: NetId(0),
        tick: 0,
        tick_hz: TICK_HZ,
        room: "stub".to_owned(),
        map: MapRuns { width: 64, height: 64, runs: map.runs() },
    });
    let focus = Focus::around(glam::IVec2::splat(32 * 256), None, CellGrid::of(&map));
    let keyframes = focus.cells().map(|_| CellKeyframe::default()).collect();
    let refocus = Some(Refocus { restart: Some(0), focus, keyframes });
    let first = ServerMessage::Snapshot(Snapshot { refocus, ..Snapshot::default() });
    for message in [welcome, first] {
        if socket.send(Message::binary(encode(&message))).await.is_err() {
            return;
        }
    }
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / u32::from(TICK_HZ));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let (mut tick, mut newest, mut stalled) = (Tick(0), None, false);
    loop {
        if !stalled && began.elapsed() > Duration::from_secs(10) {
            stalled = true;
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Binary(bytes))) => {
                    if let Ok(ClientMessage::Input(input)) = decode_client(&bytes) {
                        newest = Some(Tick(input.tick));
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
            _ = ticks.tick() => {
                tick = tick.next();
                let feedback = newest.take().map(|input: Tick| Feedback {
                    ack: input.since(tick).clamp(-30_000, 30_000) as i16,
                    early: (input.since(tick).clamp(-1000, 1000) * 16) as i16,
                });
                let ticks = vec![TickDelta::default()];
                let snapshot = Snapshot { feedback, ticks, refocus: None };
                let message = encode(&ServerMessage::Snapshot(snapshot));
                if socket.send(Message::binary(message)).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[test]
fn a_stall_of_two_seconds_in_twenty_shows_in_the_percentiles() {
    let stub = Stub::start(stall);
    let sum = load(&plan(stub.url(), 10, 20.0), 10, 20.0).expect("the stub serves");
    let (gap, ack) = (sum.gap_corrected.spread(), sum.input_ack.spread());
    assert!(ack.p99 >= 1800.0, "because a tenth of the inputs met the stall: {ack}");
    assert!(gap.p99 >= 1800.0, "because the snapshots of the stall are missing: {gap}");
    let raw = sum.gap.spread();
    assert!(raw.p99 < 500.0 && raw.max >= 1900.0, "because raw gaps count the stall once: {raw}");
    assert_eq!((sum.lost, sum.desyncs), (0, 0));
}

#[test]
fn a_sample_decodes_and_the_others_count() {
    let server = server(empty());
    let plan = Plan { decode_one_in: 10, ..plan(format!("ws://{}/ws", server.address()), 50, 3.0) };
    let sum = load(&plan, 50, 3.0).expect("there is room");
    assert_eq!((sum.joined, sum.lost, sum.desyncs), (50, 0, 0));
    let tenths = sum.snapshots as f64 / sum.decoded as f64;
    assert!((9.5..10.5).contains(&tenths), "because one in ten decodes: one in {tenths}");
    assert!(sum.checks > 0 && sum.bytes_in > sum.decoded_bytes * 5);
    assert!(sum.input_ack.len() > 50 * 20, "because those who skim are acknowledged too");
    server.stop();
}

#[test]
fn bad_links_are_measured_apart_from_good_ones() {
    let server = server(Settings { arena: Some(ArenaSpec::Auto(60)), ..empty() });
    let url = format!("ws://{}/ws", server.address());
    let plan = Plan { slow: 2, stalling: 3, ..plan(url, 60, 16.0) };
    let sum = load(&plan, 60, 14.0).expect("there is room");
    assert_eq!((sum.joined, sum.lost, sum.desyncs), (60, 0, 0));
    assert_eq!(sum.gone.len(), 3, "because the server lets go of who reads nothing");
    let gone = sum.gone.spread();
    assert!(gone.p50 >= 4_500.0, "because it takes five seconds, not {gone}");
    assert!(!sum.age.is_empty() && sum.age.spread().p50 >= 20.0, "because 20 ms is the way");
    let counted = sum.player_s / sum.seconds;
    assert!((54.0..=55.5).contains(&counted), "because only good links are counted: {counted}");
    server.stop();
}

#[test]
fn a_full_server_refuses_and_is_asked_again() {
    let server = server(Settings { players_max: Some(2), ..empty() });
    let url = format!("ws://{}/ws", server.address());
    let plan = Plan { profile: profile(&["24s:4"]), ..plan(url, 4, 1.0) };
    let (mut joined, mut refused, mut lost) = (0, 0, 0);
    plan.run(&Stop::default(), &mut |beat| {
        (joined, refused, lost) = (joined + beat.joined, refused + beat.refused, lost + beat.lost);
        Step::Continue
    })
    .expect("two have room");
    assert_eq!((joined, lost), (2, 0), "because 1013 is no loss");
    assert!(refused >= 4, "because those who were refused came back when told: {refused}");
    server.stop();
}

#[test]
fn players_come_and_go_as_the_stages_say() {
    let server = server(Settings { arena: Some(ArenaSpec::Auto(60)), ..empty() });
    let url = format!("ws://{}/ws", server.address());
    let profile = profile(&["1s:0..40", "3s:40", "1s:40..10", "3s:10"]);
    let plan = Plan { profile, ..plan(url, 40, 1.0) };
    let mut players = Vec::new();
    plan.run(&Stop::default(), &mut |beat| {
        players.push(beat.players);
        assert_eq!(beat.lost, 0, "because leaving is no loss");
        Step::Continue
    })
    .expect("there is room");
    assert_eq!(players.iter().max(), Some(&40), "because 40 came: {players:?}");
    assert_eq!(players.last(), Some(&10), "because 30 left: {players:?}");
    server.stop();
}

#[test]
fn a_server_of_another_version_is_told_by_its_own_words() {
    let stub = Stub::start(|stream| async move {
        let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
        let goodbye = ServerMessage::Goodbye {
            code: 4012,
            reason: "this server speaks protocol 9".to_owned(),
            retry_after_ms: 0,
        };
        // The bot hangs up when it has heard that.
        let _ = socket.send(Message::binary(encode(&goodbye))).await;
        let _ = socket.close(None).await;
    });
    let error = load(&plan(stub.url(), 3, 1.0), 3, 1.0).expect_err("nobody is let in").to_string();
    assert!(error.contains("4012") && error.contains("protocol 9"), "{error}");
}

#[test]
fn a_server_that_is_gone_is_an_error_and_soon() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("ws://{}/ws", gone.local_addr().expect("a bound port"));
    drop(gone);
    let began = std::time::Instant::now();
    let error = load(&plan(url.clone(), 5, 1.0), 5, 1.0).expect_err("nobody listens");
    assert!(error.to_string().contains(&url), "{error}");
    assert!(began.elapsed() < Duration::from_secs(10), "because nobody waits for the window");
    let far = load(&plan("ws://192.0.2.1/ws".to_owned(), 1, 1.0), 1, 1.0);
    assert!(matches!(far, Err(LoadError::NotYours { .. })), "because that is not this machine");
}
