//! Readers that are slower than their stream: what they see is a little of the world,
//! exactly, but nothing old.

use std::time::Duration;

use throng::config::{ArenaSpec, Settings};
use throng::serve::Server;
use throng_bot::load::{Plan, Step, Stop};
use throng_shared::cells::Reach;

use self::crowd::Crowd;
use self::reader::Reader;
use self::trial::{Others, Trial};
use crate::load::plan;
use crate::sockets::server;

mod crowd;
mod reader;
mod relay;
mod topics;
mod trial;

/// The oldest that half of the snapshots, and nearly all, may be when they are read.
const AGE_P50_MS: f64 = 200.0;
const AGE_P99_MS: f64 = 350.0;
/// The same of who looks on, whose link is heard of four times a second.
const WATCHED_AGE_P99_MS: f64 = 700.0;
/// Frames of some 80 bytes, and of some 2000.
const SMALL: (ArenaSpec, Others) = (ArenaSpec::Auto(160), Others::Walk);
const LARGE: (ArenaSpec, Others) = (ArenaSpec::Disc(16), Others::Spin);
const PLAYERS: usize = 400;

/// A client whose link, after a while, takes such a share of its stream.
fn narrowed(seed: u64, (arena, others): (ArenaSpec, Others), share: f64) -> (Trial, f64) {
    let mut trial = Trial::new(seed, arena, PLAYERS, others);
    trial.play(3.0);
    let open = trial.play(8.0);
    assert_eq!(trial.reach(), Reach::FULL, "because nothing was slow yet");
    trial.bytes_per_s = open.bytes_a_tick() * 30.0 * share;
    (trial, open.bytes_a_tick())
}

#[test]
fn a_reader_at_two_thirds_of_its_stream_sees_nothing_old() {
    for (stream, seeds, bytes) in [(SMALL, 1..7, 50.0..160.0), (LARGE, 1..4, 1000.0..2800.0)] {
        for seed in seeds {
            let (mut trial, frame) = narrowed(seed, stream, 2.0 / 3.0);
            assert!(bytes.contains(&frame), "because that is the frame in question: {frame}");
            // What the link passes shows when it does not pass something for the first time.
            let first = trial.play(5.0);
            let seen = trial.play(40.0);
            let (p50, p99) = (seen.age_ms(0.5), seen.age_ms(0.99));
            println!(
                "seed {seed}, {frame:.0} bytes: p50 {p50:.0} ms, p99 {p99:.0} ms, at first {:.0} \
                 ms; {:.1} cells, {} snapshots in {} ticks",
                first.age_ms(1.0),
                seen.cells,
                seen.snapshots(),
                seen.ticks
            );
            assert!(p50 <= AGE_P50_MS, "because what it sees is not old: {p50} ms, seed {seed}");
            assert!(p99 <= AGE_P99_MS, "because what it sees is not old: {p99} ms, seed {seed}");
            assert!(
                seen.snapshots() as u32 >= seen.ticks / 2,
                "because it is shown less of the world rather than less often"
            );
            assert!(trial.checks() > 20, "because no desync without checks proves nothing");
        }
    }
}

#[test]
fn who_looks_on_over_a_slow_link_is_shown_less_too_and_nothing_old() {
    for (stream, seeds) in [(SMALL, 1..4), (LARGE, 1..3)] {
        for seed in seeds {
            let (arena, others) = stream;
            let mut trial = Trial::new(seed, arena, PLAYERS, others).watched();
            trial.play(3.0);
            let open = trial.play(8.0);
            assert_eq!(trial.reach(), Reach::FULL, "because nothing was slow yet");
            trial.bytes_per_s = open.bytes_a_tick() * 30.0 * 2.0 / 3.0;
            trial.play(5.0);
            let seen = trial.play(40.0);
            assert!(trial.reach() < Reach::FULL, "because all of it is too much, seed {seed}");
            let (p50, p99) = (seen.age_ms(0.5), seen.age_ms(0.99));
            println!("seed {seed}: p50 {p50:.0} ms, p99 {p99:.0} ms, {:.1} cells", seen.cells);
            assert!(p50 <= AGE_P50_MS, "because what it sees is not old: {p50} ms, seed {seed}");
            assert!(p99 <= WATCHED_AGE_P99_MS, "because it is told late: {p99} ms, seed {seed}");
            assert!(
                seen.snapshots() as u32 >= seen.ticks / 2,
                "because it is shown less of the world rather than less often"
            );
        }
    }
}

#[test]
fn who_looks_on_is_shown_more_again_when_its_link_has_healed() {
    let (arena, others) = SMALL;
    let mut trial = Trial::new(1, arena, 100, others).watched();
    trial.play(3.0);
    let open = trial.play(8.0);
    trial.bytes_per_s = open.bytes_a_tick() * 30.0 * 2.0 / 3.0;
    trial.play(20.0);
    let slow = trial.reach();
    assert!(slow < Reach::FULL, "because all of it is too much");
    trial.bytes_per_s = f64::INFINITY;
    // Its link is heard of less often than a player's, so it takes its time.
    trial.play(200.0);
    assert_eq!(trial.reach(), Reach::FULL, "because the link takes everything again");
}

#[test]
fn who_looks_on_over_a_fast_link_is_shown_everything_however_long_the_way() {
    for way_ms in [1.0, 40.0, 150.0, 400.0] {
        let (arena, others) = SMALL;
        let mut trial = Trial::new(1, arena, 100, others).watched();
        trial.way_ms = way_ms;
        trial.play(6.0);
        let seen = trial.play(10.0);
        let shown = seen.snapshots() as f64 / f64::from(seen.ticks);
        assert!(shown > 0.95, "because every tick is for it, {way_ms} ms away: {shown}");
        assert_eq!(trial.reach(), Reach::FULL, "because that is no slow link: {way_ms} ms");
    }
}

#[test]
fn a_link_that_has_healed_shows_everything() {
    let (mut trial, _) = narrowed(1, SMALL, 0.5);
    trial.play(20.0);
    assert!(trial.reach() < Reach::FULL, "because half of the stream is not enough");
    trial.bytes_per_s = f64::INFINITY;
    trial.play(90.0);
    assert_eq!(trial.reach(), Reach::FULL, "because the link takes everything again");
}

#[test]
fn a_link_that_is_fast_enough_always_shows_everything() {
    for (hz, way_ms) in [(10, 10.0), (30, 10.0), (30, 150.0), (60, 40.0), (128, 10.0), (128, 150.0)]
    {
        let (arena, others) = SMALL;
        let mut trial = Trial::at_rate(hz, 1, arena, 100, others);
        trial.way_ms = way_ms;
        trial.bytes_per_s = 60_000.0;
        let calm = |trial: &mut Trial, what: &str| {
            let seen = trial.play(4.0);
            let shown = seen.snapshots() as f64 / f64::from(seen.ticks);
            assert!(shown > 0.95, "because every tick is for it, {what}: {shown} at {hz} Hz");
            assert_eq!(trial.reach(), Reach::FULL, "because {what} is no slow link ({hz} Hz)");
        };
        trial.play(2.0);
        calm(&mut trial, "a healthy link");
        trial.reads = false;
        trial.play(0.4);
        trial.reads = true;
        calm(&mut trial, "a client that was frozen");
        (trial.reads, trial.talks) = (false, false);
        trial.play(1.5);
        (trial.reads, trial.talks) = (true, true);
        calm(&mut trial, "a tab that was hidden");
        trial.hold_up(0.5);
        calm(&mut trial, "a link that stood still");
        for late in [1, 3, 9, 20] {
            trial.stand_still(late);
            trial.play(0.3);
        }
        calm(&mut trial, "a server that was late");
    }
}

#[test]
fn who_stops_reading_is_noticed_after_five_seconds() {
    for talks in [true, false] {
        let (mut trial, _) = narrowed(1, SMALL, 10.0);
        (trial.reads, trial.talks) = (false, talks);
        trial.play(4.8);
        assert!(!trial.is_stalled(), "because it has a little time left");
        trial.play(0.5);
        assert!(trial.is_stalled(), "because it did read before");
    }
}

#[test]
fn who_never_said_what_it_saw_is_not_taken_for_one_who_stopped() {
    let (arena, others) = SMALL;
    let mut trial = Trial::new(1, arena, 50, others);
    trial.talks = false;
    let seen = trial.play(10.0);
    assert!(!trial.is_stalled(), "because the heartbeat is there for that");
    assert!(seen.snapshots() as u32 > seen.ticks * 9 / 10, "because nothing says that it is slow");
}

/// Ticks that a reader on a good link may be behind before the machine, and not the link, is
/// what a slow one suffers from.
const DISTURBED_TICKS: u32 = 8;
/// Times that a trial is repeated before it is given up as a slow machine's.
const TRIALS: usize = 3;

/// Plays behind a slow link until the machine lets it be judged; the bytes of a frame.
async fn play_behind_a_slow_link(server: &Server, frames: std::ops::Range<f64>) {
    for trial in 1..=TRIALS {
        let Some(frame) = try_behind_a_slow_link(server, trial).await else { continue };
        assert!(frames.contains(&frame), "because that is the frame in question: {frame} bytes");
        return;
    }
    println!("not judged: in {TRIALS} trials a reader on a good link was late, too");
}

/// A reader whose link takes two thirds of its stream, beside one whose link takes all.
/// Gives the bytes of a frame before that, or nothing when the machine was too slow to tell.
/// How old things are is the virtual trials' affair: here ages are only told.
async fn try_behind_a_slow_link(server: &Server, trial: usize) -> Option<f64> {
    let mut slow = Reader::join(server.address(), &format!("slow {trial}")).await;
    let mut good = Reader::join(server.address(), &format!("good {trial}")).await;
    let seconds = Duration::from_secs;
    // The first seconds bring the map and all keyframes.
    tokio::join!(slow.play(server, seconds(2)), good.play(server, seconds(2)));
    let (open, _) = tokio::join!(slow.play(server, seconds(4)), good.play(server, seconds(4)));
    slow.relay.narrow((open.frame * 30.0 * 2.0 / 3.0) as u32);
    let (first, _) = tokio::join!(slow.play(server, seconds(2)), good.play(server, seconds(2)));
    if let Some(why) = &first.ended {
        println!("let go at once: {why}");
        return None;
    }
    let (ages, others) =
        tokio::join!(slow.play(server, seconds(12)), good.play(server, seconds(12)));
    println!("before: {open}\nat first: {first}\nslow: {ages}\nbeside it: {others}");
    let told = [&ages, &others].map(ToString::to_string);
    if others.ended.is_some() || others.ticks(0.99) > DISTURBED_TICKS {
        return None;
    }
    assert_eq!(ages.ended, None, "because a slow reader stays: {told:?}");
    for reader in [&slow, &good] {
        let (desyncs, checks) = (reader.client.desyncs(), reader.client.view().checks());
        assert_eq!(desyncs, 0, "because what is shown is exact");
        assert!(checks > 0, "because zero desyncs without checks prove nothing");
    }
    assert!(ages.snapshots() as u32 >= ages.ticks / 4, "because it is shown something: {told:?}");
    // A second: a link that is not paced is ever further behind, four seconds by now.
    assert!(ages.ticks(0.5) <= 30, "because it is not behind: {told:?}");
    Some(open.frame)
}

#[tokio::test]
async fn small_frames_come_through_a_slow_link() {
    let crowd = 250;
    let arena = Some(ArenaSpec::Auto(100));
    let server = server(Settings { house_bots: Some(0), arena, ..Settings::default() });
    let plan = Plan {
        profile: Plan::ramp_and_hold(crowd, 400.0, 600.0).expect("a load"),
        decode_one_in: 1000,
        ..plan(format!("ws://{}/ws", server.address()), crowd, 600.0)
    };
    let stop = Stop::default();
    let asked = stop.clone();
    let load = std::thread::spawn(move || {
        // It ends when it is asked to.
        let _ = plan.run(&asked, &mut |_| Step::Continue);
    });
    gathered(&server, crowd).await;
    play_behind_a_slow_link(&server, 20.0..200.0).await;
    stop.ask();
    load.join().expect("the load ends");
    server.stop();
}

#[tokio::test]
async fn large_frames_come_through_a_slow_link() {
    let crowd = 200;
    let arena = Some(ArenaSpec::Disc(12));
    let server = server(Settings { house_bots: Some(0), arena, ..Settings::default() });
    let spinners = Crowd::gather(server.address(), crowd);
    gathered(&server, crowd as usize).await;
    // Everybody turns at every tick.
    play_behind_a_slow_link(&server, 500.0..f64::INFINITY).await;
    spinners.send_home();
    server.stop();
}

async fn gathered(server: &Server, count: usize) {
    while server.status().players() < count {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
