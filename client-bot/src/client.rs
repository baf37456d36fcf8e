//! One player over any byte stream: session, view and clock driven together.
//!
//! It does not decide anything; a [`Brain`](crate::brain::Brain) does.

use std::time::Duration;

use throng_shared::ids::Tick;
use throng_shared::session::{CloseCode, Fault};
use throng_shared::wire::{
    Ask, ClientMessage, Event, Feedback, Hello, Identity, Resume, Snapshot, Welcome,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use crate::brain::Intent;
pub use crate::counted::Traffic;
use crate::course::{Course, Held, head_of};
use crate::link::{Link, Said};
use crate::view::{Atlas, Desync, View};

#[cfg(test)]
mod tests;

/// How long a server may take from the handshake to its Welcome.
const WELCOME_WITHIN: Duration = Duration::from_secs(10);
/// How long a server may take to close after Bye.
const FAREWELL_WITHIN: Duration = Duration::from_secs(2);
/// How a client's game ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// No WebSocket came about.
    Handshake(String),
    /// No Welcome came in time.
    NoWelcome,
    /// The server closed. `retry_after_ms` is 0 where it did not say.
    Closed { code: u16, reason: String, retry_after_ms: u32 },
    /// The server said what cannot be understood.
    Fault(Fault),
    /// The map in Welcome is none.
    BadMap(String),
    /// The server fell silent.
    Silent,
    /// The link broke.
    Broken(String),
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Handshake(why) => write!(f, "no WebSocket handshake: {why}"),
            Self::NoWelcome => f.write_str("the server did not say Welcome in time"),
            Self::Closed { code, reason, .. } => {
                write!(f, "the server closed with {code}: {reason}")
            }
            Self::Fault(Fault::Undecodable(error)) => {
                write!(f, "the server sent what cannot be decoded: {error}")
            }
            Self::Fault(Fault::Unexpected) => {
                f.write_str("the server sent a message that has no place here")
            }
            Self::BadMap(why) => write!(f, "the server sent a map that is none: {why}"),
            Self::Silent => f.write_str(CloseCode::Silent.text()),
            Self::Broken(why) => write!(f, "the link broke: {why}"),
        }
    }
}

impl std::error::Error for Ended {}

/// A snapshot that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Tick of the snapshot.
    pub tick: Tick,
    pub feedback: Option<Feedback>,
    /// The view does not hold: a resync was asked for.
    pub desync: Option<Desync>,
}

impl Arrival {
    /// The tick of the newest input that arrived, if the snapshot tells it.
    #[must_use]
    pub fn acked(&self) -> Option<Tick> {
        self.feedback.map(|feedback| self.tick.offset(i32::from(feedback.ack)))
    }
}

/// What a client learns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The view was brought to a new tick.
    Snapshot(Arrival),
    Event(Event),
    /// It plays in another room from now on.
    Moved,
}

/// A player that was welcomed.
#[derive(Debug)]
pub struct Client<S> {
    link: Link<S>,
    course: Course,
    held: Held,
    /// Where it plays.
    room: String,
    /// Who it is.
    identity: Identity,
    /// Whether it went on with a session, and how long that waits when the link is lost.
    resumed: bool,
    session: Duration,
    /// Number of its newest call.
    calls: u32,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Shakes hands over `stream` as a client of `url`, joins and waits for Welcome.
    ///
    /// # Errors
    /// When the server does not let the player in.
    pub async fn join(stream: S, url: &str, name: &str, look: u8) -> Result<Self, Ended> {
        Self::join_sharing(stream, url, name, look, &Atlas::default()).await
    }

    /// The same, for one of many clients that share what they can.
    ///
    /// # Errors
    /// When the server does not let the player in.
    pub async fn join_sharing(
        stream: S,
        url: &str,
        name: &str,
        look: u8,
        atlas: &Atlas,
    ) -> Result<Self, Ended> {
        Self::join_as(stream, url, Hello::guest(name, look), atlas).await
    }

    /// The same with a Hello of one's own, which may name a room.
    ///
    /// # Errors
    /// When the server does not let the player in.
    pub async fn join_as(stream: S, url: &str, hello: Hello, atlas: &Atlas) -> Result<Self, Ended> {
        let join = async {
            let mut link = Link::open(stream, url, hello).await?;
            match link.next().await? {
                Said::Welcome(welcome) => Self::welcomed(link, &welcome, atlas),
                Said::Snapshot(_) | Said::Event(_) => Err(Ended::Fault(Fault::Unexpected)),
            }
        };
        timeout(WELCOME_WITHIN, join).await.unwrap_or(Err(Ended::NoWelcome))
    }

    fn welcomed(link: Link<S>, welcome: &Welcome, atlas: &Atlas) -> Result<Self, Ended> {
        let (course, held) = Self::begin(&link, welcome, atlas)?;
        let session = Duration::from_millis(welcome.session_ms.into());
        let (room, identity) = (welcome.room.clone(), welcome.identity.clone());
        let resumed = welcome.resumed;
        Ok(Self { link, course, held, room, identity, resumed, session, calls: 0 })
    }

    fn begin(link: &Link<S>, welcome: &Welcome, atlas: &Atlas) -> Result<(Course, Held), Ended> {
        let view =
            View::sharing(welcome, atlas).map_err(|error| Ended::BadMap(error.to_string()))?;
        Ok((Course::new(link.now_ms(), welcome), Held::new(view)))
    }

    /// Waits for news. Cancelling loses nothing.
    ///
    /// # Errors
    /// When the game is over.
    pub async fn next(&mut self) -> Result<News, Ended> {
        match self.link.next().await? {
            Said::Snapshot(snapshot) => self.take(&snapshot).map(News::Snapshot),
            Said::Event(event) => Ok(News::Event(event)),
            Said::Welcome(welcome) => {
                // Another room took it in: all that was held is of the one before.
                let desyncs = self.held.desyncs();
                (self.course, self.held) = Self::begin(&self.link, &welcome, &Atlas::default())?;
                self.held.carry(desyncs);
                self.room.clone_from(&welcome.room);
                Ok(News::Moved)
            }
        }
    }

    /// Asks for something; the number that the answer bears. A server closes when more than
    /// eight wait for their answer: a [`Player`](crate::player::Player) counts them.
    ///
    /// # Errors
    /// When the game is over.
    pub fn ask(&mut self, ask: Ask) -> Result<u32, Ended> {
        self.calls += 1;
        self.call(self.calls, ask)?;
        Ok(self.calls)
    }

    /// The same under a number that somebody else has counted.
    pub(crate) fn call(&mut self, call: u32, ask: Ask) -> Result<(), Ended> {
        self.link.send(&ClientMessage::Ask { call, ask })
    }

    /// What a later connection goes on with.
    #[must_use]
    pub fn keep(&self) -> Option<Resume> {
        self.link.session.keep()
    }

    /// Whether it went on with a session.
    #[must_use]
    pub fn resumed(&self) -> bool {
        self.resumed
    }

    /// How long the server holds its session when the link is lost.
    #[must_use]
    pub fn session(&self) -> Duration {
        self.session
    }

    /// Whether what is said now waits behind what the socket has not taken.
    pub(crate) fn is_clogged(&self) -> bool {
        self.link.is_clogged()
    }

    /// Finds a server that has fallen silent. To be asked every second or more often.
    pub(crate) fn poll_silence(&mut self) -> Result<(), Ended> {
        let Some(code) = self.link.session.poll_timeout(self.link.now()) else { return Ok(()) };
        self.link.close(code);
        Err(Ended::Silent)
    }

    /// Who it is, to be shown when it comes again.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The room in which it plays.
    #[must_use]
    pub fn room(&self) -> &str {
        &self.room
    }

    fn take(&mut self, snapshot: &Snapshot) -> Result<Arrival, Ended> {
        self.course.take(self.link.now_ms(), head_of(snapshot));
        let desync = self.held.take(snapshot).err();
        if desync.is_some() {
            self.link.send(&ClientMessage::Resync)?;
        }
        Ok(Arrival { tick: self.course.seen(), feedback: snapshot.feedback, desync })
    }

    /// Sends an intent for the tick that the clock names, and gives that tick.
    ///
    /// # Errors
    /// When the game is over.
    pub fn steer(&mut self, intent: Intent) -> Result<Tick, Ended> {
        self.poll_silence()?;
        let now_ms = self.link.now_ms();
        let (tick, input) = self.course.steer(now_ms, &mut self.link.session, intent);
        self.link.send(&input)?;
        Ok(tick)
    }

    /// Says Bye and waits, not for long, until the server has closed.
    pub async fn leave(mut self) -> Traffic {
        let farewell = async {
            self.link.send(&ClientMessage::Bye)?;
            loop {
                self.next().await?;
            }
        };
        let ended: Result<Result<(), Ended>, _> = timeout(FAREWELL_WITHIN, farewell).await;
        if ended.is_err() {
            self.link.close(CloseCode::Left);
        }
        self.link.traffic()
    }

    #[must_use]
    pub fn view(&self) -> &View {
        &self.held.view
    }

    /// Tick of the newest snapshot.
    #[must_use]
    pub fn seen(&self) -> Tick {
        self.course.seen()
    }

    /// WebSocket bytes since the handshake.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.link.traffic()
    }

    /// How often the view turned out not to hold.
    #[must_use]
    pub fn desyncs(&self) -> u64 {
        self.held.desyncs()
    }
}
