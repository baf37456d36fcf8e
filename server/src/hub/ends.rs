//! Topics that end, because their room does.

use std::collections::BTreeMap;

use throng_shared::ids::NetId;
use throng_shared::wire::{Event, NO_CALL, Outcome, Problem};

use super::topics::Rows;
use super::{Hub, RoomId};

impl Hub {
    /// A topic is gone, and nobody follows it any more: the next one of its name may be of
    /// another room, where others are. Who followed it is told that it has no rows any more,
    /// and then that it is unknown, as who asks for it now would be.
    pub(super) fn end_topic(&mut self, topic: &str) {
        let Some(mut feed) = self.feeds.remove(topic) else { return };
        feed.publish(Rows::Presence(BTreeMap::new()));
        self.next_version = self.next_version.max(feed.version().saturating_add(1));
        for (_, habits) in &mut self.absent {
            habits.topics.remove(topic);
        }
        let mut followers: Vec<((RoomId, NetId), u32)> = Vec::new();
        for (&room, it) in &mut self.rooms {
            for (&you, member) in &mut it.members {
                if let Some(followed) = member.habits.topics.remove(topic) {
                    followers.push(((room, you), followed.held));
                }
            }
        }
        let text = format!("There is no topic {topic:?} any more: its room has ended.");
        let problem = Problem::UnknownTopic;
        let outcome = Outcome::Refused { problem, text, retry_after_ms: 0 };
        let over = Event::Answer { call: NO_CALL, outcome };
        for (at, held) in followers {
            // Who was told nothing yet has nothing to forget.
            for update in feed.updates(held).into_iter().filter(|_| held > 0) {
                self.tell(at, &Event::Topic(update));
            }
            self.tell(at, &over);
        }
        self.drop_from_listeners(topic);
    }
}
