//! A player that comes back by itself: a [`Client`] over whatever streams its owner dials.
//!
//! What is decided here is decided by plain structures: when it tries again (`comeback`), what
//! becomes of calls (`calls`) and of intents (`wish`). This is the shell that owns the stream
//! and the clock.

use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use throng_shared::ids::Tick;
use throng_shared::limits::SESSION_MS;
use throng_shared::prng::Prng;
use throng_shared::time::Millis;
use throng_shared::wire::{Ask, Event, Hello, Identity, Outcome, Resume};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until, timeout};

use crate::brain::Intent;
use crate::calls::Calls;
pub use crate::calls::{CallId, QueueFull};
use crate::client::{Client, Ended, News};
use crate::comeback::Patience;
use crate::view::{Atlas, View};
use crate::wish::Wish;

/// How long a stream may take to be there.
const DIAL_WITHIN: Duration = Duration::from_secs(6);
/// Silence is looked for so often.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A link that takes nothing is asked again so soon.
const AGAIN: Duration = Duration::from_millis(20);

/// What a player is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is in: as the same player as before when it `resumed`.
    Welcome { resumed: bool },
    /// Its view was brought to a new tick, an ordered event came, which comes once over all
    /// connections of a session, or it plays in another room.
    News(News),
    /// A call was answered.
    Answer { call: CallId, outcome: Outcome },
    /// A call that was on its way when the session ended: nobody knows whether it was done,
    /// and it is not said again.
    Unanswered { call: CallId },
    /// The connection ended, or an attempt failed; it tries again after that time.
    Lost { why: Ended, retry_in: Duration },
}

type Attempt<S> = Pin<Box<dyn Future<Output = Result<Client<S>, Ended>> + Send>>;

enum Stage<S> {
    Waiting(Instant),
    Trying(Attempt<S>),
    Playing { client: Box<Client<S>>, since: Instant },
    Over(Ended),
}

/// A session, for whoever goes on with it as another [`Player`]: another process, say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub resume: Resume,
    /// Calls that were made in it. A server takes each number once, so those of the next
    /// player begin behind them.
    pub called: u32,
}

/// A session that can be taken up until a moment.
struct Kept {
    resume: Resume,
    until: Instant,
}

/// A player over one connection after another, each over a stream that `dial` opens.
pub struct Player<D, S> {
    dial: D,
    url: String,
    hello: Hello,
    atlas: Arc<Atlas>,
    origin: Instant,
    chance: Prng,
    patience: Patience,
    calls: Calls,
    wish: Wish,
    kept: Option<Kept>,
    stage: Stage<S>,
    looks_at: Instant,
    /// What it has not been told: less than all calls and one end.
    told: VecDeque<Told>,
}

impl<D, S> fmt::Debug for Player<D, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::Waiting(_) => "Waiting",
            Stage::Trying(_) => "Trying",
            Stage::Playing { .. } => "Playing",
            Stage::Over(_) => "Over",
        };
        f.debug_struct("Player").field("url", &self.url).field("stage", &stage).finish()
    }
}

impl<D, F, S> Player<D, S>
where
    D: FnMut() -> F,
    F: Future<Output = io::Result<S>> + Send + 'static,
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    /// A guest of that name. It connects when it is first asked for news.
    pub fn guest(url: &str, name: &str, look: u8, dial: D) -> Self {
        Self::new(url, Hello::guest(name, look), dial)
    }

    /// The same with a Hello of one's own, which may name a room, and whose `resume` is not
    /// looked at: see [`Player::go_on`]. A ticket in it is used once.
    pub fn new(url: &str, hello: Hello, dial: D) -> Self {
        let now = Instant::now();
        let hello = Hello { resume: None, ..hello };
        Self {
            dial,
            url: url.to_owned(),
            hello,
            atlas: Arc::default(),
            origin: now,
            chance: Prng::new(RandomState::new().build_hasher().finish()),
            patience: Patience::default(),
            calls: Calls::default(),
            wish: Wish::default(),
            kept: None,
            stage: Stage::Waiting(now),
            looks_at: now,
            told: VecDeque::new(),
        }
    }

    /// Goes on with a session that another player of this name had; anew, if it is over.
    pub fn go_on(url: &str, hello: Hello, session: Session, dial: D) -> Self {
        // Before its Welcome nobody knows how long this server holds it.
        let until = Instant::now() + Duration::from_millis(SESSION_MS);
        let Session { resume, called } = session;
        let (calls, kept) = (Calls::after(called), Some(Kept { resume, until }));
        Self { calls, kept, ..Self::new(url, hello, dial) }
    }

    /// What another player goes on with, once there is a session. It hears no answer to what
    /// this one asked for.
    #[must_use]
    pub fn session(&self) -> Option<Session> {
        let kept = self.kept.as_ref().map(|kept| kept.resume.clone());
        let resume = self.client().map_or(kept, Client::keep)?;
        Some(Session { resume, called: self.calls.called() })
    }

    /// Waits for what is to be told next, and meanwhile comes back where a connection ended.
    /// Cancelling loses nothing.
    ///
    /// # Errors
    /// Why it is over for good, from then on each time.
    pub async fn next(&mut self) -> Result<Told, Ended> {
        loop {
            if let Some(told) = self.told.pop_front() {
                return Ok(told);
            }
            match &mut self.stage {
                Stage::Over(why) => return Err(why.clone()),
                Stage::Waiting(at) => {
                    sleep_until(*at).await;
                    let attempt = self.attempt();
                    self.stage = Stage::Trying(attempt);
                }
                Stage::Trying(attempt) => {
                    let joined = attempt.as_mut().await;
                    match joined {
                        Ok(client) => self.begin(client),
                        Err(why) => self.end(why),
                    }
                }
                Stage::Playing { client, .. } => {
                    let looks_at = self.looks_at;
                    tokio::select! {
                        biased;
                        () = sleep_until(looks_at) => self.look(),
                        news = client.next() => match news {
                            Ok(news) => self.hear(news),
                            Err(why) => self.end(why),
                        },
                    }
                }
            }
        }
    }

    /// What it wants from now on. An intent that could not be said for half a second is
    /// dropped, and of several that wait only the newest is said.
    pub fn steer(&mut self, intent: Intent) {
        self.wish.want(self.now(), intent);
        self.say_wish();
    }

    /// Asks for something: eight calls are on their way at once, the others wait for their
    /// turn or a connection. Each is done at most once, and told of once, under this id.
    ///
    /// # Errors
    /// When too many wait.
    pub fn ask(&mut self, ask: Ask) -> Result<CallId, QueueFull> {
        let id = self.calls.add(ask)?;
        self.say_calls();
        Ok(id)
    }

    /// What is held of the world, while it plays.
    #[must_use]
    pub fn view(&self) -> Option<&View> {
        self.client().map(Client::view)
    }

    /// Tick of the newest snapshot, while it plays.
    #[must_use]
    pub fn seen(&self) -> Option<Tick> {
        self.client().map(Client::seen)
    }

    /// Who it is, once a server has said so: to be kept, and given in the Hello of the next visit.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.hello.identity.as_ref()
    }

    /// Says Bye, which ends the session, and waits, not for long, until the server has closed.
    pub async fn leave(self) {
        if let Stage::Playing { client, .. } = self.stage {
            client.leave().await;
        }
    }

    fn client(&self) -> Option<&Client<S>> {
        match &self.stage {
            Stage::Playing { client, .. } => Some(client),
            Stage::Waiting(_) | Stage::Trying(_) | Stage::Over(_) => None,
        }
    }

    fn now(&self) -> Millis {
        Millis(u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    fn attempt(&mut self) -> Attempt<S> {
        let now = Instant::now();
        let resume = self.kept.as_ref().filter(|kept| now < kept.until);
        let resume = resume.map(|kept| kept.resume.clone());
        let hello = Hello { resume, ..self.hello.clone() };
        let (dialled, url, atlas) = ((self.dial)(), self.url.clone(), Arc::clone(&self.atlas));
        Box::pin(async move {
            let stream = match timeout(DIAL_WITHIN, dialled).await {
                Ok(dialled) => dialled.map_err(|error| Ended::Broken(error.to_string()))?,
                Err(_) => return Err(Ended::Broken("no connection came about in time".to_owned())),
            };
            Client::join_as(stream, &url, hello, &atlas).await
        })
    }

    /// It is in.
    fn begin(&mut self, client: Client<S>) {
        let resumed = client.resumed();
        // Should the session be lost, the next one is of the same player.
        self.hello.identity = Some(client.identity().clone());
        let now = Instant::now();
        self.stage = Stage::Playing { client: Box::new(client), since: now };
        self.looks_at = now + LOOK_EVERY;
        self.told.push_back(Told::Welcome { resumed });
        let lost = self.calls.open(resumed);
        self.told.extend(lost.into_iter().map(|call| Told::Unanswered { call }));
        self.say_calls();
        self.say_wish();
    }

    fn hear(&mut self, news: News) {
        // From here on the session is proof enough.
        self.hello.ticket.clear();
        if let News::Event(Event::Answer { call, outcome }) = &news
            && let Some(call) = self.calls.answer(*call)
        {
            self.told.push_back(Told::Answer { call, outcome: outcome.clone() });
            self.say_calls();
            return;
        }
        self.told.push_back(Told::News(news));
    }

    /// A connection or an attempt ended.
    fn end(&mut self, why: Ended) {
        let now = Instant::now();
        let mut played = Duration::ZERO;
        if let Stage::Playing { client, since } = &self.stage {
            // Whoever was welcomed has played, if it is for a moment.
            played = (now - *since).max(Duration::from_millis(1));
            let until = now + client.session();
            self.kept = client.keep().map(|resume| Kept { resume, until });
        }
        self.calls.cut();
        match self.patience.after(&why, played, &mut self.chance) {
            Some(retry_in) => {
                self.stage = Stage::Waiting(now + retry_in);
                self.told.push_back(Told::Lost { why, retry_in });
            }
            None => {
                let unanswered = self.calls.abandon();
                self.told.extend(unanswered.into_iter().map(|call| Told::Unanswered { call }));
                self.stage = Stage::Over(why);
            }
        }
    }

    /// Looks whether the server has fallen silent, and whether the link takes something again.
    fn look(&mut self) {
        let Stage::Playing { client, .. } = &mut self.stage else { return };
        if let Err(why) = client.poll_silence() {
            return self.end(why);
        }
        self.looks_at = Instant::now() + LOOK_EVERY;
        self.say_wish();
    }

    // A link on which nothing can be said is found broken when it is read, behind what the
    // server said last.

    fn say_wish(&mut self) {
        let now = self.now();
        let Stage::Playing { client, .. } = &mut self.stage else { return };
        if client.is_clogged() {
            if self.wish.waits() {
                self.looks_at = self.looks_at.min(Instant::now() + AGAIN);
            }
            return;
        }
        if let Some(intent) = self.wish.take(now) {
            drop(client.steer(intent));
        }
    }

    fn say_calls(&mut self) {
        let Stage::Playing { client, .. } = &mut self.stage else { return };
        while let Some((call, ask)) = self.calls.poll() {
            drop(client.call(call, ask));
        }
    }
}
