//! Those who only listen: the same topics as server-sent events.

use bytes::Bytes;
use serde_json::{Value, json};
use throng_shared::limits::STREAM_SILENCE_MS;
use throng_shared::time::Millis;
use throng_shared::wire::{PresenceRow, TopicChange, TopicUpdate};

use super::{Hub, Now, Unheard};

/// A stream of events, for as long as the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListenerId(pub u64);

/// What it follows, in the order in which it named it, and when it was told something.
#[derive(Debug)]
pub(super) struct Listener {
    /// Topics, and the version of each that it holds.
    topics: Vec<(String, u32)>,
    spoken: Millis,
}

impl Hub {
    /// Begins a stream behind the event whose id was `last`, if that is of this process.
    ///
    /// # Errors
    /// When there is no such topic, or no place.
    pub fn listen(
        &mut self,
        now: Now,
        id: ListenerId,
        topics: &[String],
        last: Option<&str>,
    ) -> Result<(), Unheard> {
        let known = self.topics_for(None);
        if topics.is_empty() || topics.len() > self.limits.topics_max as usize {
            return Err(Unheard::Count);
        }
        if let Some(topic) = topics.iter().find(|topic| !known.contains(topic)) {
            return Err(Unheard::Unknown { topic: topic.clone(), topics: known });
        }
        if self.listeners.len() >= self.limits.streams_max as usize {
            return Err(Unheard::Busy);
        }
        let held = last.and_then(|last| self.held(last, topics.len()));
        let held = held.unwrap_or_else(|| vec![0; topics.len()]);
        let topics = topics.iter().cloned().zip(held).collect();
        self.listeners.insert(id, Listener { topics, spoken: now.ms });
        let every_ms = self.limits.topic_ms;
        let hello = format!("retry: 3000\n: what changes comes at most every {every_ms} ms\n\n");
        self.told.push_back((id, Some(hello.into())));
        self.tell_listener(now, id);
        Ok(())
    }

    pub fn unlisten(&mut self, id: ListenerId) {
        self.listeners.remove(&id);
    }

    /// What a listener is to be told next; nothing, when its stream is over.
    #[must_use]
    pub fn poll_told(&mut self) -> Option<(ListenerId, Option<Bytes>)> {
        self.told.pop_front()
    }

    pub(super) fn tell_listeners(&mut self, now: Now) {
        let ids: Vec<ListenerId> = self.listeners.keys().copied().collect();
        for id in ids {
            self.tell_listener(now, id);
        }
    }

    pub(super) fn end_listeners(&mut self) {
        let last = Bytes::from_static(b"event: restart\ndata: {}\n\n");
        for id in std::mem::take(&mut self.listeners).into_keys() {
            self.told.push_back((id, Some(last.clone())));
            self.told.push_back((id, None));
        }
    }

    /// A topic is gone, and those who listen to it are told so; a stream with no other is over.
    pub(super) fn drop_from_listeners(&mut self, topic: &str) {
        let Self { listeners, told, .. } = self;
        let ended = Bytes::from(format!("event: ended\ndata: {}\n\n", json!({ "topic": topic })));
        listeners.retain(|&id, it| {
            let before = it.topics.len();
            it.topics.retain(|(name, _)| name != topic);
            if it.topics.len() < before {
                told.push_back((id, Some(ended.clone())));
            }
            let goes_on = !it.topics.is_empty();
            if !goes_on {
                told.push_back((id, None));
            }
            goes_on
        });
    }

    fn tell_listener(&mut self, now: Now, id: ListenerId) {
        let Some(it) = self.listeners.get_mut(&id) else { return };
        for at in 0..it.topics.len() {
            let (topic, held) = &it.topics[at];
            let Some(feed) = self.feeds.get(topic) else { continue };
            let updates = feed.updates(*held);
            it.topics[at].1 = feed.version();
            let last = updates.len();
            for (number, update) in (1..).zip(updates) {
                // What is told in parts is only held with the last one.
                let name =
                    if number == last { event_id(self.epoch, &it.topics) } else { String::new() };
                self.told.push_back((id, Some(event(&name, &update))));
                it.spoken = now.ms;
            }
        }
        if now.ms.since(it.spoken) >= STREAM_SILENCE_MS {
            it.spoken = now.ms;
            self.told.push_back((id, Some(Bytes::from_static(b": keep-alive\n\n"))));
        }
    }

    /// The versions that an id names, if it is one of this process for so many topics.
    fn held(&self, id: &str, count: usize) -> Option<Vec<u32>> {
        let versions = id.strip_prefix(&format!("{:08x}-", self.epoch))?;
        let versions = versions.split('-').map(|it| it.parse().ok());
        versions.collect::<Option<Vec<u32>>>().filter(|versions| versions.len() == count)
    }
}

/// All versions that are held, so that the id of the last event is enough to go on.
fn event_id(epoch: u32, topics: &[(String, u32)]) -> String {
    let versions: Vec<String> = topics.iter().map(|(_, held)| held.to_string()).collect();
    format!("id: {epoch:08x}-{}\n", versions.join("-"))
}

fn event(id: &str, update: &TopicUpdate) -> Bytes {
    let topic = &update.topic;
    format!("{id}event: {topic}\ndata: {}\n\n", as_json(update)).into()
}

fn as_json(update: &TopicUpdate) -> Value {
    let TopicUpdate { topic, version, since, change } = update;
    let mut value = match change {
        TopicChange::Leaders { set, places, .. } => json!({ "set": set, "places": places }),
        TopicChange::Rooms { set, gone } => json!({ "set": set, "gone": gone }),
        TopicChange::Presence { set, gone } => {
            let row = |row: &PresenceRow| {
                let PresenceRow { who, name, link_dead, spectator } = row;
                json!({ "who": who.0, "name": name, "link_dead": link_dead, "spectator": spectator })
            };
            let set: Vec<Value> = set.iter().map(row).collect();
            let gone: Vec<u16> = gone.iter().map(|who| who.0).collect();
            json!({ "set": set, "gone": gone })
        }
        TopicChange::Server(row) => json!({ "server": row }),
    };
    value["topic"] = json!(topic);
    value["version"] = json!(version);
    value["since"] = json!(since);
    value
}
