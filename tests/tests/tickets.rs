//! Tickets over real sockets: who comes in, under which name, and how often.

use std::net::SocketAddr;

use throng::config::Settings;
use throng_shared::limits::TICKET_BYTES;
use throng_shared::wire::{Ask, ClientMessage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::resume::Tab;
use crate::sockets::{empty, server};

const SECRET: &str = "thirty-two bytes or more, as it must be";

/// The status and the body of an answer to a request for a ticket.
async fn ask(address: SocketAddr, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    let len = body.len();
    let request = format!(
        "POST /api/ticket HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {len}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the server answers in text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    (head[9..12].to_owned(), body.to_owned())
}

async fn ticket(address: SocketAddr, name: &str) -> String {
    let body = serde_json::json!({ "name": name, "room": "arena" }).to_string();
    let (status, answer) = ask(address, &body).await;
    assert_eq!(status, "200", "{answer}");
    let answer: serde_json::Value = serde_json::from_str(&answer).expect("the answer is JSON");
    assert_eq!(answer["valid_s"], 30);
    answer["ticket"].as_str().expect("a ticket is a text").to_owned()
}

/// Comes with a ticket, and hears how that ends: nothing when one may play.
async fn end_of(address: SocketAddr, path: &str, ticket: &str) -> Option<(u16, String)> {
    end(&judged(address, path, ticket).await)
}

/// A connection that was let in or closed.
async fn judged(address: SocketAddr, path: &str, ticket: &str) -> Tab {
    let mut tab = Tab::open_with(address, path, ticket, None).await;
    tab.until(|tab| tab.resumed.is_some() || tab.closed.is_some()).await;
    tab
}

fn end(tab: &Tab) -> Option<(u16, String)> {
    tab.closed.map(|code| (code, tab.goodbye.clone().unwrap_or_default()))
}

/// Waits until a server that has just started takes every new ticket under its secret: before,
/// one might have been used with the server that was there until then.
async fn settled(address: SocketAddr, secret: &throng::tickets::AuthSecret) {
    let service = throng::tickets::Tickets::new(Some(secret));
    let name = throng_shared::session::Name::parse("Eve").expect("it is a name");
    let began = std::time::Instant::now();
    while let Some((code, reason)) =
        end_of(address, "/ws", &service.issue(&name, "arena", now_s())).await
    {
        let soon = "the server has just started: bring another ticket";
        assert_eq!((code, reason.as_str()), (1013, soon));
        assert!(began.elapsed().as_secs() < 60, "because that lasts two seconds");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

fn now_s() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.expect("it is after 1970").as_secs()
}

fn refused() -> Option<(u16, String)> {
    Some((4004, "the ticket was refused".to_owned()))
}

#[tokio::test]
async fn a_guest_needs_no_ticket_and_one_who_brings_it_needs_a_good_one() {
    let server = server(empty());
    let address = server.address();
    assert_eq!(end_of(address, "/ws", "").await, None);
    let good = ticket(address, "Ada").await;
    assert_eq!(end_of(address, "/ws", &good).await, None);
    // Who was cut before a word could be said comes in with it again, also when the cut has not
    // been noticed yet.
    let mut ada = judged(address, "/ws", &good).await;
    assert_eq!(end(&ada), None);
    ada.say(&ClientMessage::Resync).await;
    assert_eq!(end_of(address, "/ws", &good).await, refused(), "because it is used");
    let url = format!("/ws?token={}", ticket(address, "Eve").await);
    let mut eve = Tab::open_with(address, &url, "", None).await;
    eve.until(|tab| tab.resumed.is_some()).await;
    eve.say(&ClientMessage::Resync).await;
    drop((ada, eve));
    assert_eq!(end_of(address, &url, "").await, refused(), "because she has played");
    assert_eq!(end_of(address, "/ws?token=nonsense", "").await, refused());
    for bad in ["x", "a.b.c", &"x".repeat(TICKET_BYTES), &good[..good.len() - 1]] {
        assert_eq!(end_of(address, "/ws", bad).await, refused(), "{bad}");
    }
    let ends = server.tally().ends();
    assert_eq!(ends.get("4004 TicketUsed"), Some(&2), "because the operator hears why: {ends:?}");
    // On a slow machine the first of them may not be waited for any more.
    assert!(server.status().players() <= 3, "because who is refused leaves nothing");
    server.stop();
}

#[tokio::test]
async fn of_two_who_bring_one_ticket_at_once_one_plays() {
    let server = server(Settings { net_threads: Some(4), ..empty() });
    let address = server.address();
    for _ in 0..10 {
        let ticket = ticket(address, "Ada").await;
        // All are there until all are judged: who goes leaves its place to the next.
        let all = (0..4).map(|_| judged(address, "/ws", &ticket));
        let mut tabs = futures_util::future::join_all(all).await;
        let topic = "rooms".to_owned();
        let ask = ClientMessage::Ask { call: 1, ask: Ask::Subscribe { topic } };
        let play = tabs.iter_mut().map(async |tab| {
            tab.try_say(&ask).await;
            tab.until(|tab| tab.closed.is_some() || !tab.answers.is_empty()).await;
        });
        futures_util::future::join_all(play).await;
        let (playing, gone): (Vec<_>, Vec<_>) = tabs.iter().partition(|tab| tab.closed.is_none());
        assert_eq!(playing.len(), 1, "because the others have brought a ticket of somebody else");
        let ends: Vec<_> = gone.iter().filter_map(|tab| tab.closed).collect();
        assert!(ends.iter().all(|&code| code == 4004 || code == 4011), "{ends:?}");
    }
    server.stop();
}

#[tokio::test]
async fn a_login_service_lets_in_only_whom_it_signs_for() {
    use throng::tickets::{AuthSecret, Tickets};
    use throng_shared::session::Name;
    let secret = AuthSecret::from(SECRET);
    let server = server(Settings { auth_secret: Some(secret.clone()), ..empty() });
    let address = server.address();
    let needed = Some((4003, "a ticket is needed".to_owned()));
    assert_eq!(end_of(address, "/ws", "").await, needed);
    let (status, answer) = ask(address, r#"{"name":"Ada","room":"arena"}"#).await;
    assert_eq!(status, "403", "{answer}");
    let name = Name::parse("Ada").expect("it is a name");
    let foreign = Tickets::new(None).issue(&name, "arena", now_s());
    assert_eq!(end_of(address, "/ws", &foreign).await, refused());
    settled(address, &secret).await;
    let good = Tickets::new(Some(&secret)).issue(&name, "arena", now_s());
    let mut tab = Tab::open_with(address, "/ws", &good, None).await;
    tab.until(|tab| tab.resumed == Some(false)).await;
    tab.say(&ClientMessage::Resync).await;
    let you = tab.you();
    // The session is proof enough, also without a ticket.
    let again = Tab::play(address, tab.lose()).await;
    assert_eq!((again.resumed, again.you()), (Some(true), you));
    server.stop();
}

#[tokio::test]
async fn a_request_that_is_none_is_told_so() {
    let server = server(empty());
    let long = format!(r#"{{"name":"Ada","room":"arena","x":"{}"}}"#, "x".repeat(2000));
    for (body, expected) in [
        ("{}", "is JSON"),
        (r#"{"name":"Ada","room":"attic"}"#, "no such room"),
        (r#"{"name":"  ","room":"arena"}"#, "at least one character"),
        (&long, "at most 1024 bytes"),
    ] {
        let (status, answer) = ask(server.address(), body).await;
        assert_eq!(status, "400", "{answer}");
        assert!(answer.contains(expected), "{answer}");
    }
    server.stop();
}

#[tokio::test]
async fn a_ticket_that_brought_nobody_in_is_good_again() {
    let server = server(Settings { players_max: Some(1), ..empty() });
    let address = server.address();
    let first = Tab::play(address, None).await;
    let ticket = ticket(address, "Ada").await;
    // The room takes nobody more, but for who is lost; so the door stays open.
    drop(first);
    let mut tries = 0;
    while end_of(address, "/ws", &ticket).await != Some((1013, "the room is full".to_owned())) {
        tries += 1;
        assert!(tries < 100, "because one place is taken");
    }
    let again = end_of(address, "/ws", &ticket).await;
    assert!(again.is_some_and(|(code, _)| code == 1013), "because it was not used up");
    server.stop();
}

#[tokio::test]
async fn house_bots_need_no_ticket() {
    use throng::tickets::AuthSecret;
    let secret = AuthSecret::from(SECRET);
    let settings = Settings { auth_secret: Some(secret), house_bots: Some(3), ..empty() };
    let server = server(settings);
    let began = std::time::Instant::now();
    while server.status().players() < 3 {
        let ends = server.tally().ends();
        assert!(began.elapsed().as_secs() < 60, "because they belong to the server: {ends:?}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    server.stop();
}

#[tokio::test]
async fn operators_get_tickets_for_their_secret_also_where_guests_get_none() {
    use throng::tickets::AuthSecret;
    let operator = "a secret of whoever runs this server";
    let asked = |secret: &str| {
        serde_json::json!({ "name": "Ada", "room": "arena", "operator": secret }).to_string()
    };
    let settings = Settings {
        auth_secret: Some(AuthSecret::from(SECRET)),
        operator_secret: Some(AuthSecret::from(operator)),
        ..empty()
    };
    let server = server(settings);
    let address = server.address();
    settled(address, &AuthSecret::from(SECRET)).await;
    let (status, answer) = ask(address, &asked(operator)).await;
    assert_eq!(status, "200", "{answer}");
    let answer: serde_json::Value = serde_json::from_str(&answer).expect("the answer is JSON");
    let ticket = answer["ticket"].as_str().expect("a ticket is a text");
    assert_eq!(end_of(address, "/ws", ticket).await, None);
    for wrong in ["", "x", SECRET, &operator[1..]] {
        let (status, answer) = ask(address, &asked(wrong)).await;
        assert_eq!(status, "403", "{answer}");
        assert!(!answer.contains(operator) && answer.lines().count() == 1, "{answer}");
    }
    let (status, _) = ask(address, r#"{"name":"Ada","room":"arena"}"#).await;
    assert_eq!(status, "403", "because guests need the login service");
    server.stop();
}

#[tokio::test]
async fn who_is_banned_is_told_why_and_for_how_long() {
    use throng::identity::PlayerId;
    use throng::store::Ban;
    let server = server(empty());
    let address = server.address();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let until_s = now.expect("it is after 1970").as_secs() + 86_400 * 3;
    let (reason, operator) = ("it was no fun".to_owned(), "Ada".to_owned());
    let player = PlayerId(77);
    let ban = Ban { player, address: Some(address.ip()), until_s, reason, operator };
    assert!(server.store().ban(ban));
    let ticket = ticket(address, "Eve").await;
    let told = end_of(address, "/ws", &ticket).await;
    let sentence = "you are banned for another 3 days: it was no fun";
    assert_eq!(told, Some((4010, sentence.to_owned())));
    assert!(server.store().pardon(player, "Ada"));
    assert_eq!(end_of(address, "/ws", &ticket).await, None, "because it was not used up");
    server.stop();
}
