//! The thread of the hub: hears rooms and listeners, and tells them what the hub decides.
//! It waits for words alone; whoever takes nothing loses what was for it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError};
use throng_shared::limits::{HUB_OUTBOX_MAX, HUB_WORDS_A_TURN, HUB_WORDS_MAX, STREAM_EVENTS_MAX};
use throng_shared::time::Millis;
use tokio::sync::mpsc;

use super::port::{Listening, Word};
use super::{Clean, Delivery, Hub, HubDesk, Keeper, ListenerId, Now, RoomId, Traffic};
use crate::config::Limits;
use crate::stop::StopSign;

/// Longest single sleep, so that a stop is heard soon and topics go out in time.
const NAP: Duration = Duration::from_millis(100);

/// The way to a room, and what waits for it.
struct Outlet {
    deliveries: Sender<Delivery>,
    waiting: VecDeque<Delivery>,
}

/// A hub that is ready to run.
pub struct HubThread {
    hub: Hub,
    heard: Receiver<Word>,
    outlets: BTreeMap<RoomId, Outlet>,
    streams: BTreeMap<ListenerId, mpsc::Sender<Bytes>>,
    streams_begun: u64,
    traffic: Box<dyn Fn() -> Traffic + Send>,
    origin: Instant,
}

impl std::fmt::Debug for HubThread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HubThread").field("hub", &self.hub).finish_non_exhaustive()
    }
}

impl HubThread {
    /// A hub, and everybody's way to it.
    #[must_use]
    pub fn new(
        limits: Arc<Limits>,
        clean: Clean,
        keeper: Box<dyn Keeper>,
        traffic: Box<dyn Fn() -> Traffic + Send>,
    ) -> (Self, HubDesk) {
        let (desk, heard) = HubDesk::new();
        let thread = Self {
            hub: Hub::new(unix_s(), limits, clean, keeper),
            heard,
            outlets: BTreeMap::new(),
            streams: BTreeMap::new(),
            streams_begun: 0,
            traffic,
            origin: Instant::now(),
        };
        (thread, desk)
    }

    /// Runs until stopped, on this thread.
    pub fn run(mut self, stop: &StopSign) {
        while !stop.is_raised() {
            match self.heard.recv_timeout(NAP) {
                Ok(word) => self.hear(word),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            for _ in 0..HUB_WORDS_A_TURN {
                let Ok(word) = self.heard.try_recv() else { break };
                self.hear(word);
            }
            let traffic = (self.traffic)();
            self.hub.turn(self.now(), traffic);
            self.say();
        }
        // What rooms that have ended said last.
        for _ in 0..HUB_WORDS_MAX {
            let Ok(word) = self.heard.try_recv() else { break };
            self.hear(word);
        }
        self.hub.record_all(self.now());
    }

    fn now(&self) -> Now {
        let ms = u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX);
        Now { ms: Millis(ms), unix_s: unix_s() }
    }

    fn hear(&mut self, word: Word) {
        let now = self.now();
        match word {
            Word::Room(room, deliveries) => {
                self.outlets.insert(room, Outlet { deliveries, waiting: VecDeque::new() });
            }
            Word::Told(room, report) => self.hub.handle_report(now, room, report),
            Word::Restart { at_s } => self.hub.announce_restart(now, at_s),
            Word::Listen(Listening { topics, last, begun }) => {
                self.streams_begun += 1;
                let id = ListenerId(self.streams_begun);
                let stream = self.hub.listen(now, id, &topics, last.as_deref()).map(|()| {
                    let (stream, events) = mpsc::channel(STREAM_EVENTS_MAX);
                    self.streams.insert(id, stream);
                    events
                });
                if begun.try_send(stream).is_err() {
                    self.streams.remove(&id);
                    self.hub.unlisten(id);
                }
            }
        }
    }

    fn say(&mut self) {
        while let Some((room, delivery)) = self.hub.poll_delivery() {
            let Some(outlet) = self.outlets.get_mut(&room) else { continue };
            let must = matches!(delivery, Delivery::Answer { .. } | Delivery::Expel { .. });
            if must || outlet.waiting.len() < HUB_OUTBOX_MAX {
                outlet.waiting.push_back(delivery);
            } else {
                self.hub.note_dropped(room, &delivery);
            }
        }
        self.outlets.retain(|_, outlet| {
            while let Some(delivery) = outlet.waiting.pop_front() {
                match outlet.deliveries.try_send(delivery) {
                    Ok(()) => {}
                    Err(TrySendError::Full(delivery)) => {
                        outlet.waiting.push_front(delivery);
                        break;
                    }
                    Err(TrySendError::Disconnected(_)) => return false,
                }
            }
            true
        });
        while let Some((id, told)) = self.hub.poll_told() {
            let Some(stream) = self.streams.get(&id) else { continue };
            // A reader that is too slow begins anew with what it had.
            if told.is_none_or(|told| stream.try_send(told).is_err()) {
                self.streams.remove(&id);
                self.hub.unlisten(id);
            }
        }
        let Self { streams, hub, .. } = self;
        streams.retain(|&id, stream| {
            let is_gone = stream.is_closed();
            if is_gone {
                hub.unlisten(id);
            }
            !is_gone
        });
    }
}

fn unix_s() -> u32 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u32::try_from(since.as_secs()).unwrap_or(u32::MAX)
}
