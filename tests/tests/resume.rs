//! Sessions over real sockets: who loses the connection comes back as the same player,
//! and others see what became of it.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt, StreamExt};
use throng::config::{ArenaSpec, Settings};
use throng_bot::view::View;
use throng_shared::ids::NetId;
use throng_shared::session::{ClientSession, Update};
use throng_shared::time::Millis;
use throng_shared::wire::{
    ClientMessage, Event, Hello, Input, Outcome, Resume, Secret, Snapshot, encode,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::Message;

use crate::sockets::{empty, server};

/// No test fails because a machine is slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// A page with the game.
pub(crate) struct Tab {
    socket: tokio_tungstenite::WebSocketStream<TcpStream>,
    session: ClientSession,
    view: Option<View>,
    pub(crate) resumed: Option<bool>,
    /// Whether the newest Welcome lets it look on only.
    pub(crate) looks_on: bool,
    /// The ordered events that came.
    pub(crate) events: Vec<Event>,
    /// Its own number, what the session is given, and the time of day, as the newest Welcome
    /// says.
    pub(crate) own: NetId,
    session_ms: u32,
    time_ms: u64,
    /// Where it plays, as the newest Welcome says, and how many there were.
    pub(crate) room: String,
    pub(crate) welcomes: usize,
    pub(crate) snapshots: usize,
    /// What became of what was asked for.
    pub(crate) answers: Vec<(u32, Outcome)>,
    /// What the server said of the end, and the code that it closed with.
    pub(crate) goodbye: Option<String>,
    pub(crate) closed: Option<u16>,
}

impl Tab {
    pub(crate) async fn open(address: SocketAddr, kept: Option<Resume>) -> Self {
        Self::open_with(address, "/ws", "", kept).await
    }

    pub(crate) async fn open_with(
        address: SocketAddr,
        path: &str,
        ticket: &str,
        kept: Option<Resume>,
    ) -> Self {
        let hello = Hello { ticket: ticket.to_owned(), resume: kept, ..Hello::guest("Ada", 1) };
        Self::open_as(address, path, hello).await
    }

    pub(crate) async fn open_as(address: SocketAddr, path: &str, hello: Hello) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        let url = format!("ws://{address}{path}");
        let (mut socket, _) =
            tokio_tungstenite::client_async(url, stream).await.expect("the server shakes hands");
        let (session, hello) = ClientSession::new(Millis(0), hello);
        socket.send(Message::binary(encode(&hello))).await.expect("the socket takes a message");
        Self {
            socket,
            session,
            view: None,
            resumed: None,
            looks_on: false,
            own: NetId::NOBODY,
            session_ms: 0,
            time_ms: 0,
            room: String::new(),
            welcomes: 0,
            snapshots: 0,
            answers: Vec::new(),
            events: Vec::new(),
            goodbye: None,
            closed: None,
        }
    }

    /// Opens it and waits for the Welcome.
    pub(crate) async fn play(address: SocketAddr, kept: Option<Resume>) -> Self {
        let mut tab = Self::open(address, kept).await;
        tab.until(|tab| tab.resumed.is_some()).await;
        tab.say(&ClientMessage::Resync).await;
        tab
    }

    pub(crate) async fn say(&mut self, message: &ClientMessage) {
        self.socket.send(Message::binary(encode(message))).await.expect("the socket takes it");
    }

    /// The same to a server that may have closed.
    pub(crate) async fn try_say(&mut self, message: &ClientMessage) {
        drop(self.socket.send(Message::binary(encode(message))).await);
    }

    /// Plays until something is so; the end of the connection is none of its business.
    pub(crate) async fn until(&mut self, mut is_so: impl FnMut(&Self) -> bool) {
        let game = async {
            while !is_so(self) {
                let Some(Ok(message)) = self.socket.next().await else { break };
                self.take(message).await;
            }
        };
        tokio::time::timeout(PATIENCE, game).await.expect("it comes about in time");
        assert!(is_so(self), "because it came about before the end: {:?}", self.goodbye);
    }

    async fn take(&mut self, message: Message) {
        let bytes = match message {
            Message::Binary(bytes) => bytes,
            Message::Close(frame) => {
                self.closed = frame.map(|frame| frame.code.into());
                return;
            }
            Message::Text(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => return,
        };
        match self.session.handle_frame(Millis(0), &bytes).expect("the server keeps the order") {
            Update::Welcome(welcome) => {
                self.resumed = Some(welcome.resumed);
                self.welcomes += 1;
                self.looks_on = welcome.watch;
                (self.session_ms, self.time_ms) = (welcome.session_ms, welcome.time_ms);
                self.own = welcome.own;
                self.room.clone_from(&welcome.room);
                self.view = Some(View::new(&welcome).expect("the map is a map"));
            }
            Update::Snapshot(snapshot) => self.show(&snapshot),
            Update::Ping { answer, .. } => self.say(&answer).await,
            Update::Goodbye { reason, .. } => self.goodbye = Some(reason),
            Update::Duplicate => panic!("because the server goes on behind what came"),
            Update::Event(event) => {
                if let Event::Answer { call, outcome } = &event {
                    self.answers.push((*call, outcome.clone()));
                }
                self.events.push(event);
            }
        }
    }

    fn show(&mut self, snapshot: &Snapshot) {
        self.snapshots += 1;
        let view = self.view.as_mut().expect("Welcome came first");
        assert_eq!(view.apply(snapshot), Ok(()), "because what a client holds is exact");
    }

    pub(crate) fn you(&self) -> NetId {
        self.session.you().expect("it was welcomed")
    }

    pub(crate) fn is_flying(&self) -> bool {
        self.session.you().is_some_and(|you| self.sees(you).is_some())
    }

    pub(crate) fn view(&self) -> Option<&View> {
        self.view.as_ref()
    }

    /// Whether a glider is in view, and then whether it is link-dead.
    pub(crate) fn sees(&self, id: NetId) -> Option<bool> {
        let gliders = self.view.as_ref()?.gliders();
        gliders.iter().find(|glider| glider.id == id).map(|glider| glider.is_link_dead)
    }

    /// The connection is lost without a word.
    pub(crate) fn lose(self) -> Option<Resume> {
        self.session.keep()
    }
}

pub(crate) fn disc() -> Settings {
    Settings { arena: Some(ArenaSpec::Disc(8)), ..empty() }
}

/// The answer to a GET of JSON.
pub(crate) async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the server answers in text");
    answer
}

#[tokio::test]
async fn who_was_lost_is_seen_so_and_comes_back_as_the_same_glider() {
    let server = server(Settings { net_threads: Some(2), link_hold_s: Some(60), ..disc() });
    let mut witness = Tab::play(server.address(), None).await;
    let mut lost = Tab::play(server.address(), None).await;
    lost.until(Tab::is_flying).await;
    let you = lost.you();
    witness.until(|tab| tab.sees(you) == Some(false)).await;
    for _ in 0..5 {
        let place = lost.view.as_ref().map(View::eye);
        let kept = lost.lose();
        witness.until(|tab| tab.sees(you) == Some(true)).await;
        lost = Tab::play(server.address(), kept).await;
        assert_eq!((lost.resumed, lost.you()), (Some(true), you));
        witness.until(|tab| tab.sees(you) == Some(false)).await;
        lost.until(Tab::is_flying).await;
        assert_eq!(lost.view.as_ref().map(View::eye), place, "because it had no thrust");
    }
    assert_eq!(server.status().players(), 2);
    server.stop();
}

#[tokio::test]
async fn a_glider_goes_after_its_hold_and_its_player_keeps_id_and_place() {
    let settings = Settings { players_max: Some(2), link_hold_s: Some(1), ..disc() };
    let server = server(settings);
    let mut witness = Tab::play(server.address(), None).await;
    let mut lost = Tab::play(server.address(), None).await;
    lost.until(Tab::is_flying).await;
    let you = lost.you();
    witness.until(|tab| tab.sees(you).is_some()).await;
    let kept = lost.lose();
    witness.until(|tab| tab.sees(you).is_none()).await;
    let mut third = Tab::open(server.address(), None).await;
    third.until(|tab| tab.closed.is_some()).await;
    assert_eq!(third.closed, Some(1013), "because the place is kept");
    assert_eq!(server.status().players(), 1, "because who is away does not play");
    let mut lost = Tab::play(server.address(), kept).await;
    assert_eq!((lost.resumed, lost.you()), (Some(true), you));
    lost.until(Tab::is_flying).await;
    witness.until(|tab| tab.sees(you) == Some(false)).await;
    server.stop();
}

#[tokio::test]
async fn of_two_tabs_the_newer_plays_and_the_older_hears_4011() {
    let server = server(disc());
    let mut older = Tab::play(server.address(), None).await;
    let newer = Tab::play(server.address(), older.session.keep()).await;
    assert_eq!((newer.resumed, newer.you()), (Some(true), older.you()));
    older.until(|tab| tab.closed.is_some()).await;
    assert_eq!(older.closed, Some(4011));
    let mut newer = newer;
    newer.until(Tab::is_flying).await;
    server.stop();
}

#[tokio::test]
async fn an_unknown_secret_makes_a_fresh_join() {
    let server = server(disc());
    let foreign = Resume { secret: Secret([7; 16]), received: 99 };
    let mut tab = Tab::play(server.address(), Some(foreign)).await;
    assert_eq!(tab.resumed, Some(false));
    tab.until(Tab::is_flying).await;
    server.stop();
}

#[tokio::test]
async fn bye_and_a_close_with_1000_end_a_session_at_once_and_other_ends_do_not() {
    use tokio_tungstenite::tungstenite::protocol::CloseFrame;
    let server = server(disc());
    let mut tab = Tab::play(server.address(), None).await;
    tab.say(&ClientMessage::Bye).await;
    tab.until(|tab| tab.closed.is_some()).await;
    let again = Tab::play(server.address(), tab.lose()).await;
    assert_eq!(again.resumed, Some(false), "because the player left");
    let mut tab = again;
    for (code, resumed) in [(1001, true), (4999, true), (1000, false)] {
        let frame = CloseFrame { code: code.into(), reason: "".into() };
        tab.socket.close(Some(frame)).await.expect("the socket takes it");
        // The server has seen it when it has answered.
        while let Some(Ok(_)) = tab.socket.next().await {}
        tab = Tab::play(server.address(), tab.lose()).await;
        assert_eq!(tab.resumed, Some(resumed), "after {code}");
    }
    server.stop();
}

#[tokio::test]
async fn who_broke_a_rule_does_not_come_back() {
    let server = server(disc());
    let mut tab = Tab::play(server.address(), None).await;
    let input = Input { tick: u32::MAX / 2, ..Input::default() };
    tab.say(&ClientMessage::Input(input)).await;
    tab.until(|tab| tab.closed.is_some()).await;
    assert_eq!(tab.closed, Some(1008));
    let tab = Tab::play(server.address(), tab.lose()).await;
    assert_eq!(tab.resumed, Some(false));
    server.stop();
}

#[tokio::test]
async fn nobody_is_waited_for_longer_than_the_session() {
    let server = server(Settings { session_s: Some(1), ..disc() });
    let tab = Tab::play(server.address(), None).await;
    let mut witness = Tab::play(server.address(), None).await;
    let (you, kept) = (tab.you(), tab.lose());
    witness.until(|tab| tab.sees(you) == Some(true)).await;
    witness.until(|tab| tab.sees(you).is_none()).await;
    // Glider and session end together here; the session at the latest within a second.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let tab = Tab::play(server.address(), kept).await;
    assert_eq!(tab.resumed, Some(false));
    server.stop();
}

#[tokio::test]
async fn a_welcome_tells_how_long_the_session_waits_and_what_time_it_is() {
    let unix_ms = || {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
        now.as_millis() as u64
    };
    let server = server(Settings { session_s: Some(7), ..disc() });
    let mut before = unix_ms();
    let mut kept = None;
    for _ in 0..2 {
        let tab = Tab::play(server.address(), kept).await;
        assert_eq!((tab.session_ms, tab.own), (7_000, tab.you()));
        assert!((before..=unix_ms()).contains(&tab.time_ms), "{} after {before}", tab.time_ms);
        before = tab.time_ms;
        kept = tab.lose();
    }
    server.stop();
}

#[tokio::test]
async fn no_page_tells_a_secret() {
    let server = server(disc());
    let tab = Tab::play(server.address(), None).await;
    let secret = tab.session.keep().expect("it was welcomed").secret.0;
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let list = format!("{secret:?}");
    for path in ["/api/rooms", "/healthz", "/"] {
        let page = get(server.address(), path).await;
        assert!(!page.contains(&hex) && !page.contains(&list), "{path}");
    }
    assert!(!format!("{server:?}").contains(&list), "because nothing secret is shown");
    server.stop();
}
