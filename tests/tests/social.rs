//! Chat, topics and notifications over real sockets, and the same topics for those who only
//! listen.
#![expect(clippy::wildcard_enum_match_arm, reason = "one kind of many is picked out")]

use std::net::SocketAddr;
use std::time::Duration;

use throng_shared::limits::{CALLS_MAX, CHAT_BURST, REFUSED_BURST};
use throng_shared::wire::{
    Ask, Audience, ClientMessage, Event, Line, News, Outcome, Problem, TopicChange, TopicUpdate,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::resume::{Tab, disc};
use crate::sockets::server;

/// No test fails because a machine is slow.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn say(to: Audience, text: &str) -> Ask {
    Ask::Say { to, text: text.to_owned() }
}

pub(crate) fn subscribe(topic: &str) -> Ask {
    Ask::Subscribe { topic: topic.to_owned() }
}

fn outcome(tab: &Tab, call: u32) -> Option<&Outcome> {
    tab.events.iter().find_map(|event| match event {
        Event::Answer { call: of, outcome } if *of == call => Some(outcome),
        _ => None,
    })
}

pub(crate) fn lines(tab: &Tab) -> Vec<&Line> {
    let lines = tab.events.iter().filter_map(|event| match event {
        Event::Line(line) => Some(line),
        _ => None,
    });
    lines.collect()
}

pub(crate) fn updates<'a>(tab: &'a Tab, topic: &str) -> Vec<&'a TopicUpdate> {
    let updates = tab.events.iter().filter_map(|event| match event {
        Event::Topic(update) if update.topic == topic => Some(update),
        _ => None,
    });
    updates.collect()
}

fn is_told(tab: &Tab, news: &News) -> bool {
    tab.events.iter().any(|event| matches!(event, Event::Notification(it) if it.news == *news))
}

/// Asks and waits for the answer: the problem that there was.
pub(crate) async fn ask(tab: &mut Tab, call: u32, ask: Ask) -> Option<Problem> {
    tab.say(&ClientMessage::Ask { call, ask }).await;
    tab.until(|tab| outcome(tab, call).is_some()).await;
    match outcome(tab, call) {
        Some(Outcome::Refused { problem, .. }) => Some(*problem),
        Some(Outcome::Done) | None => None,
    }
}

#[tokio::test]
async fn players_of_a_room_chat_and_a_newcomer_reads_what_was_said() {
    let server = server(disc());
    let mut ada = Tab::play(server.address(), None).await;
    let mut bob = Tab::play(server.address(), None).await;
    assert_eq!(ask(&mut ada, 1, say(Audience::Room, " hello ")).await, None);
    bob.until(|tab| lines(tab).len() == 1).await;
    assert_eq!(lines(&bob)[0].text, "hello");
    let to = Audience::Player { who: ada.you() };
    assert_eq!(ask(&mut bob, 1, say(to, "psst")).await, None);
    ada.until(|tab| lines(tab).len() == 2).await;
    assert_eq!((lines(&ada)[1].text.as_str(), lines(&ada)[1].who), ("psst", bob.you()));
    let mut eve = Tab::play(server.address(), None).await;
    eve.until(|tab| lines(tab).len() == 1).await;
    assert_eq!(lines(&eve)[0].text, "hello", "because the other line was for two");
    server.stop();
}

#[tokio::test]
async fn a_wrong_call_is_answered_and_the_session_goes_on_until_it_is_abuse() {
    let server = server(disc());
    let mut tab = Tab::play(server.address(), None).await;
    assert_eq!(ask(&mut tab, 1, subscribe("weather")).await, Some(Problem::UnknownTopic));
    for call in 2..2 + CHAT_BURST {
        assert_eq!(ask(&mut tab, call, say(Audience::Room, "spam")).await, None);
    }
    let mut call = 2 + CHAT_BURST;
    // However slow the machine is, one line of so many comes too fast.
    let mut problem = None;
    while problem.is_none() && call < 20 {
        problem = ask(&mut tab, call, say(Audience::Room, "spam")).await;
        call += 1;
    }
    assert_eq!(problem, Some(Problem::TooFast));
    assert_eq!(ask(&mut tab, call, subscribe("rooms")).await, None, "because it goes on");
    for wrong in 1..=REFUSED_BURST * 3 {
        if tab.closed.is_some() {
            break;
        }
        call += 1;
        tab.try_say(&ClientMessage::Ask { call, ask: subscribe("weather") }).await;
        if wrong % (CALLS_MAX as u32 / 2) == 0 {
            tab.until(|tab| outcome(tab, call).is_some() || tab.closed.is_some()).await;
        }
    }
    tab.until(|tab| tab.closed.is_some()).await;
    assert_eq!(tab.closed, Some(4008));
    server.stop();
}

#[tokio::test]
async fn who_is_muted_and_comes_back_as_somebody_new_is_muted_still() {
    use throng::identity::PlayerId;
    use throng::store::Ban;
    let server = server(disc());
    let mut ada = Tab::play(server.address(), None).await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let until_s = now.expect("it is after 1970").as_secs() + 3_600;
    let (reason, operator) = ("spam".to_owned(), "Ada".to_owned());
    let (player, address) = (PlayerId(77), Some(server.address().ip()));
    assert!(server.store().mute(Ban { player, address, until_s, reason, operator }));
    let mut eve = Tab::play(server.address(), None).await;
    assert_eq!(ask(&mut eve, 1, say(Audience::Room, "me again")).await, Some(Problem::Muted));
    assert_eq!(ask(&mut ada, 1, say(Audience::Room, "hello")).await, None, "she was here before");
    assert!(server.store().unmute(player, "Ada"));
    assert_eq!(ask(&mut eve, 2, say(Audience::Room, "thanks")).await, None);
    server.stop();
}

#[tokio::test]
async fn who_is_banned_while_it_plays_is_told_so_before_its_session_ends() {
    use throng::config::Settings;
    use throng::tickets::AuthSecret;
    use throng_shared::wire::{NO_CALL, Order};
    let secret = "a secret of whoever runs this server";
    let settings = Settings { operator_secret: Some(AuthSecret::from(secret)), ..disc() };
    let server = server(settings);
    let address = server.address();
    let body = format!(r#"{{"name":"Ada","room":"arena","operator":"{secret}"}}"#);
    let request = format!(
        "POST /api/ticket HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the server answers in text");
    let (_, answer) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    let answer: serde_json::Value = serde_json::from_str(answer).expect("the answer is JSON");
    let ticket = answer["ticket"].as_str().expect("a ticket is a text");
    let mut ops = Tab::open_with(address, "/ws", ticket, None).await;
    ops.until(|tab| tab.welcomes > 0).await;
    let mut eve = Tab::play(address, None).await;
    let who = eve.you();
    let ban = Order::Ban { who, minutes: 10, reason: "spam".to_owned() };
    assert_eq!(ask(&mut ops, 1, Ask::Order(ban)).await, None);
    eve.until(|tab| tab.closed.is_some()).await;
    assert_eq!(eve.closed, Some(4010));
    let Some(Outcome::Refused { problem, text, .. }) = outcome(&eve, NO_CALL) else {
        panic!("because it is told first: {:?}", eve.events)
    };
    assert_eq!((*problem, text.as_str()), (Problem::Banned, "You are banned for 10 min: spam."));
    server.stop();
}

#[tokio::test]
async fn topics_follow_the_room_and_news_survive_a_cut() {
    let server = server(disc());
    let mut ada = Tab::play(server.address(), None).await;
    let presence = "room/arena/presence";
    assert_eq!(ask(&mut ada, 1, subscribe(presence)).await, None);
    assert_eq!(ask(&mut ada, 2, subscribe("leaderboard/now")).await, None);
    ada.until(|tab| !updates(tab, presence).is_empty()).await;
    assert_eq!(updates(&ada, presence)[0].since, 0);
    let bob = Tab::play(server.address(), None).await;
    let you = bob.you();
    let has = |tab: &Tab, what: &dyn Fn(&TopicChange) -> bool| {
        updates(tab, presence).iter().any(|update| update.since > 0 && what(&update.change))
    };
    let sees = |dead: bool| {
        move |change: &TopicChange| {
            matches!(change, TopicChange::Presence { set, .. }
                if set.iter().any(|row| row.who == you && row.link_dead == dead))
        }
    };
    ada.until(|tab| has(tab, &sees(false))).await;
    ada.until(|tab| is_told(tab, &News::Joined { name: "Ada".to_owned() })).await;
    ada.until(|tab| {
        let own = |update: &&TopicUpdate| {
            matches!(update.change, TopicChange::Leaders { own, places: 2, .. } if own > 0)
        };
        updates(tab, "leaderboard/now").iter().any(own)
    })
    .await;
    let kept = ada.lose();
    // What happens meanwhile is told when it is back.
    let mut bob = bob;
    bob.say(&ClientMessage::Bye).await;
    bob.until(|tab| tab.closed.is_some()).await;
    let mut ada = Tab::play(server.address(), kept).await;
    assert_eq!(ada.resumed, Some(true));
    ada.until(|tab| is_told(tab, &News::Left { name: "Ada".to_owned() })).await;
    // It follows what it followed, from where things stand.
    let is_gone = |update: &&TopicUpdate| match &update.change {
        TopicChange::Presence { set, gone } => {
            gone.contains(&you) || (update.since == 0 && set.iter().all(|row| row.who != you))
        }
        _ => false,
    };
    ada.until(|tab| updates(tab, presence).iter().any(is_gone)).await;
    server.stop();
}

#[tokio::test]
async fn a_call_that_is_repeated_after_a_cut_is_taken_once() {
    let server = server(disc());
    let mut witness = Tab::play(server.address(), None).await;
    let mut tab = Tab::play(server.address(), None).await;
    let call = |call, text: &str| ClientMessage::Ask { call, ask: say(Audience::Room, text) };
    tab.say(&call(1, "once")).await;
    tab.until(|tab| outcome(tab, 1).is_some()).await;
    let mut tab = Tab::play(server.address(), tab.lose()).await;
    assert_eq!(tab.resumed, Some(true));
    tab.say(&call(1, "once")).await;
    tab.say(&call(2, "twice")).await;
    tab.until(|tab| outcome(tab, 2).is_some()).await;
    witness.until(|tab| lines(tab).iter().any(|line| line.text == "twice")).await;
    let said: Vec<&str> = lines(&witness).iter().map(|line| line.text.as_str()).collect();
    assert_eq!(said, ["once", "twice"]);
    // A fresh session counts from the beginning.
    let mut fresh = Tab::play(server.address(), None).await;
    assert_eq!(ask(&mut fresh, 1, say(Audience::Room, "me too")).await, None);
    server.stop();
}

/// A stream of events, read until it has said something.
struct Listener {
    stream: TcpStream,
    text: String,
}

impl Listener {
    async fn open(address: SocketAddr, path: &str, last: Option<&str>) -> Self {
        let mut stream = TcpStream::connect(address).await.expect("the server listens");
        let last = last.map_or_else(String::new, |id| format!("Last-Event-ID: {id}\r\n"));
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{last}\r\n");
        stream.write_all(request.as_bytes()).await.expect("the server reads");
        Self { stream, text: String::new() }
    }

    async fn until(&mut self, mut is_so: impl FnMut(&str) -> bool) {
        let reading = async {
            let mut bytes = [0; 4096];
            while !is_so(&self.text) {
                let count = self.stream.read(&mut bytes).await.expect("the server writes");
                assert!(count > 0, "because it came about before the end: {}", self.text);
                self.text.push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("it comes about in time");
    }

    fn last_id(&self) -> String {
        let mut ids = self.text.lines().filter_map(|line| line.strip_prefix("id: "));
        ids.next_back().expect("an event has an id").trim().to_owned()
    }
}

#[tokio::test]
async fn who_only_listens_hears_the_same_topics_and_goes_on_where_it_was() {
    let server = server(disc());
    let path = "/events?topic=room/arena/presence";
    let mut listener = Listener::open(server.address(), path, None).await;
    listener.until(|text| text.contains("\"since\":0")).await;
    assert!(listener.text.contains("content-type: text/event-stream"), "{}", listener.text);
    assert!(listener.text.contains("cache-control: no-store"), "{}", listener.text);
    let ada = Tab::play(server.address(), None).await;
    listener.until(|text| text.contains("\"name\":\"Ada\"")).await;
    let id = listener.last_id();
    drop(listener);
    let bob = Tab::play(server.address(), None).await;
    let mut again = Listener::open(server.address(), path, Some(&id)).await;
    again.until(|text| text.contains("\"name\":\"Ada\"")).await;
    assert!(!again.text.contains("\"since\":0"), "because it has the rest: {}", again.text);
    let mut unknown = Listener::open(server.address(), "/events?topic=weather", None).await;
    unknown.until(|text| text.contains("\"topics\":[\"leaderboard/all\"")).await;
    assert!(unknown.text.starts_with("HTTP/1.1 404"), "{}", unknown.text);
    server.drain();
    again.until(|text| text.contains("event: restart")).await;
    drop((ada, bob));
    server.stop();
}
