//! The client in Rust that comes back by itself, against a real server.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use throng::config::Settings;
use throng_bot::brain::Intent;
use throng_bot::client::{Ended, News};
use throng_bot::player::{CallId, Player, Told};
use throng_shared::ids::NetId;
use throng_shared::wire::{Ask, Audience, Event, Hello, Outcome};
use tokio::net::TcpStream;

use crate::resume::{Tab, disc};
use crate::social::lines;
use crate::sockets::server;
use crate::via::link;

/// No test fails because a machine is slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// The connection that a player has just now, which can be cut.
#[derive(Clone, Debug, Default)]
struct Cable(Arc<Mutex<Option<socket2::Socket>>>);

impl Cable {
    async fn dial(self, to: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(to).await?;
        let held = socket2::SockRef::from(&stream).try_clone()?;
        *self.0.lock().expect("nobody panics with it") = Some(held);
        Ok(stream)
    }

    fn cut(&self) {
        let held = self.0.lock().expect("nobody panics with it").take();
        held.expect("there is a connection").shutdown(Shutdown::Both).expect("it is open");
    }
}

/// What a player was told.
#[derive(Debug, Default)]
struct Heard {
    welcomes: Vec<bool>,
    losses: usize,
    lines: Vec<String>,
    answers: Vec<(CallId, Outcome)>,
    snapshots: usize,
}

impl Heard {
    fn take(&mut self, told: Told) {
        match told {
            Told::Welcome { resumed } => self.welcomes.push(resumed),
            Told::Lost { .. } => self.losses += 1,
            Told::Answer { call, outcome } => self.answers.push((call, outcome)),
            Told::Unanswered { call } => panic!("because {call:?} is of a session that goes on"),
            Told::News(News::Event(Event::Line(line))) => self.lines.push(line.text),
            Told::News(News::Snapshot(_)) => self.snapshots += 1,
            Told::News(News::Event(_) | News::Moved) => {}
        }
    }
}

fn say(text: &str) -> Ask {
    Ask::Say { to: Audience::Room, text: text.to_owned() }
}

#[tokio::test]
async fn a_player_whose_connection_is_cut_goes_on_and_says_each_line_once() {
    let server = server(disc());
    let address = server.address();
    let mut witness = Tab::play(address, None).await;
    let cable = Cable::default();
    let dial = || cable.clone().dial(address);
    let mut player = Player::guest(&format!("ws://{address}/ws"), "Bob", 3, dial);
    let mut heard = Heard::default();
    macro_rules! until {
        ($is_so:expr) => {
            while !$is_so {
                let told = tokio::time::timeout(PATIENCE, player.next());
                heard.take(told.await.expect("it comes in time").expect("it is never over"));
            }
        };
    }
    // What is asked before there is a connection waits for it.
    let mut calls = vec![player.ask(say("early")).expect("few wait")];
    let mut you: Option<NetId> = None;
    for round in 1..=2 {
        let before = heard.snapshots;
        until!(heard.snapshots > before + 3);
        let seen = player.view().expect("it plays").you();
        assert!(you.is_none_or(|you| you == seen), "because it is the same player");
        you = Some(seen);
        player.steer(Intent { heading: 64, thrust: 15, ..Intent::default() });
        calls.push(player.ask(say(&format!("sent {round}"))).expect("few wait"));
        cable.cut();
        until!(heard.losses == round);
        assert!(player.view().is_none(), "because nobody knows what the world is like");
        player.steer(Intent { fire: true, ..Intent::default() });
        calls.push(player.ask(say(&format!("queued {round}"))).expect("few wait"));
        until!(heard.welcomes.len() == round + 1);
    }
    until!(heard.answers.len() == calls.len() && heard.lines.len() == calls.len());
    assert_eq!(heard.welcomes, [false, true, true]);
    for call in calls {
        let told: Vec<_> = heard.answers.iter().filter(|(to, _)| *to == call).collect();
        assert!(matches!(told[..], [(_, Outcome::Done)]), "{call:?} is answered by {told:?}");
    }
    let said = ["early", "sent 1", "queued 1", "sent 2", "queued 2"];
    assert_eq!(heard.lines, said, "because each is said once, and heard once, in order");
    witness.until(|tab| lines(tab).len() >= said.len()).await;
    let others: Vec<_> = lines(&witness).iter().map(|line| line.text.clone()).collect();
    assert_eq!(others, said);
    player.leave().await;
    server.stop();
}

#[tokio::test]
async fn whose_session_is_over_is_the_same_player_in_the_next_one() {
    let server = server(Settings { session_s: Some(1), ..disc() });
    let address = server.address();
    let (cable, held) = (Cable::default(), Arc::new(AtomicBool::new(false)));
    let dial = || {
        let (cable, held) = (cable.clone(), Arc::clone(&held));
        async move {
            while held.load(Ordering::Relaxed) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            cable.dial(address).await
        }
    };
    let mut player = Player::guest(&format!("ws://{address}/ws"), "Bob", 3, dial);
    let mut heard = Heard::default();
    let mut identities = Vec::new();
    for visit in 1..=2 {
        while heard.welcomes.len() < visit {
            let told = tokio::time::timeout(PATIENCE, player.next()).await;
            heard.take(told.expect("it comes in time").expect("it is never over"));
        }
        identities.push(player.identity().cloned().expect("it was told"));
        if visit == 1 {
            held.store(true, Ordering::Relaxed);
            cable.cut();
            let held = Arc::clone(&held);
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(3)).await;
                held.store(false, Ordering::Relaxed);
            });
        }
    }
    assert_eq!(heard.welcomes, [false, false], "because a session lasts a second there");
    assert_eq!(identities[0], identities[1]);
    server.stop();
}

#[tokio::test]
async fn no_call_is_lost_or_done_twice_on_a_link_that_keeps_breaking() {
    const CALLS: usize = 40;
    let server = server(disc());
    let to = server.address();
    // A link makes a runtime of its own, which is not done within another one.
    let via = std::thread::spawn(move || link("cut=1/2s,latency=20±20", to));
    let via = via.join().expect("a port is free");
    let address = via.address();
    let dial = || TcpStream::connect(address);
    let mut player = Player::guest(&format!("ws://{address}/ws"), "Bob", 3, dial);
    let mut heard = Heard::default();
    let mut calls = Vec::new();
    while heard.answers.len() < CALLS || heard.welcomes.len() < 4 {
        let told = tokio::time::timeout(PATIENCE, player.next()).await;
        heard.take(told.expect("it comes in time").expect("a cut is no reason to stay away"));
        // Calls are rarer than the server takes them, however fast snapshots come.
        let is_due = heard.snapshots / 4 >= calls.len();
        if is_due && calls.len() < CALLS {
            let topic = "rooms".to_owned();
            let ask = if calls.len().is_multiple_of(2) {
                Ask::Subscribe { topic }
            } else {
                Ask::Unsubscribe { topic }
            };
            calls.push(player.ask(ask).expect("few wait"));
        }
    }
    assert!(heard.welcomes[1..].iter().all(|&resumed| resumed), "{:?}", heard.welcomes);
    heard.answers.sort_by_key(|(call, _)| *call);
    let all: Vec<_> = calls.into_iter().map(|call| (call, Outcome::Done)).collect();
    assert_eq!(heard.answers, all, "because each is answered once, and none is refused");
    player.leave().await;
    server.stop();
}

#[tokio::test]
async fn whoever_goes_on_with_a_session_is_answered_what_it_asks_for() {
    let server = server(disc());
    let address = server.address();
    let url = format!("ws://{address}/ws");
    let dial = || TcpStream::connect(address);
    let subscribe = || Ask::Subscribe { topic: "rooms".to_owned() };
    let mut first = Player::guest(&url, "Bob", 3, dial);
    let mut heard = Heard::default();
    (0..3).for_each(|_| assert!(first.ask(subscribe()).is_ok()));
    while heard.answers.len() < 3 {
        let told = tokio::time::timeout(PATIENCE, first.next()).await;
        heard.take(told.expect("it comes in time").expect("nothing is wrong"));
    }
    let session = first.session().expect("it plays");
    assert_eq!(session.called, 3);
    // As a process that is killed.
    drop(first);
    let mut next = Player::go_on(&url, Hello::guest("Bob", 3), session, dial);
    let mut heard = Heard::default();
    let calls: Vec<_> = (0..3).map(|_| next.ask(subscribe()).expect("few wait")).collect();
    while heard.answers.len() < 3 {
        let told = tokio::time::timeout(PATIENCE, next.next()).await;
        heard.take(told.expect("because each is answered").expect("nothing is wrong"));
    }
    assert_eq!(heard.welcomes, [true]);
    let answered: Vec<_> = heard.answers.iter().map(|(call, _)| *call).collect();
    assert_eq!(answered, calls);
    next.leave().await;
    server.stop();
}

#[tokio::test]
async fn a_player_who_is_not_to_come_back_is_told_why() {
    let server = server(disc());
    let address = server.address();
    let hello = Hello { room: "nowhere".to_owned(), ..Hello::guest("Bob", 3) };
    let url = format!("ws://{address}/ws");
    let mut player = Player::new(&url, hello, || TcpStream::connect(address));
    let call = player.ask(say("hi")).expect("few wait");
    let first = tokio::time::timeout(PATIENCE, player.next()).await.expect("it comes in time");
    assert_eq!(first, Ok(Told::Unanswered { call }));
    for _ in 0..2 {
        let end = tokio::time::timeout(PATIENCE, player.next()).await.expect("it comes in time");
        assert!(matches!(end, Err(Ended::Closed { code: 4014, .. })), "{end:?}");
    }
    server.stop();
}
