//! What players ask for. Each call is answered once; what is wrong in it is named, and who
//! keeps asking for what cannot be done has to go.

use throng_shared::ids::NetId;
use throng_shared::limits::TOPIC_BYTES;
use throng_shared::session::CloseCode;
use throng_shared::wire::{Ask, Audience, Event, Line, News, Outcome, Priority, Problem};

use super::keeper::REPORTED;
use super::members::{Followed, Habits, Member, person};
use super::topics::presence;
use super::{AuditLine, Delivery, Hub, Now, Refused, RoomId, packed, text};

/// Why somebody has to go who asked for too much that was wrong.
const ABUSE: &str = "too many calls that could not be done";

impl Hub {
    pub(super) fn take_ask(&mut self, now: Now, from: (RoomId, NetId), call: u32, ask: Ask) {
        let (asks, refused) = (self.limits.asks(), self.limits.refused());
        let done = match self.habits(from) {
            None => Err(Refused::new(Problem::OutOfPlace, "You are not in this room any more.")),
            Some(habits) => match habits.asks.take(now.ms, asks) {
                Ok(()) => match self.last_word(from) {
                    Some(refused) => Err(refused),
                    None => self.fulfil(now, from, ask),
                },
                Err(ms) => Err(Refused::too_fast("You ask for too much at once.", ms)),
            },
        };
        let mut is_abuse = false;
        let outcome = match done {
            Ok(()) => Outcome::Done,
            Err(Refused { problem, text, retry_after_ms }) => {
                // A server that is busy is nobody's fault.
                if problem != Problem::Busy
                    && let Some(habits) = self.habits(from)
                {
                    is_abuse = habits.refused.take(now.ms, refused).is_err();
                }
                Outcome::Refused { problem, text, retry_after_ms }
            }
        };
        let (room, you) = from;
        let message = packed(&Event::Answer { call, outcome });
        self.deliver(room, Delivery::Answer { you, call, message });
        if is_abuse {
            let (code, reason) = (CloseCode::RateLimited, ABUSE.to_owned());
            self.deliver(room, Delivery::Expel { you, code, reason });
        }
    }

    fn fulfil(&mut self, now: Now, from: (RoomId, NetId), ask: Ask) -> Result<(), Refused> {
        match ask {
            Ask::Say { to, text } => self.say(now, from, to, &text),
            Ask::Subscribe { topic } => self.subscribe(now, from, topic),
            Ask::Unsubscribe { topic } => {
                let habits = self.habits(from);
                match habits.and_then(|habits| habits.topics.remove(&topic)) {
                    Some(_) => Ok(()),
                    None => {
                        let why = format!("You do not follow the topic {:?}.", short(&topic));
                        Err(Refused::new(Problem::NotSubscribed, why))
                    }
                }
            }
            Ask::Mute { who, on } => self.close_ears(from, who, on),
            Ask::Report { who, text } => self.take_complaint(now, from, who, &text),
            Ask::Order(order) => self.obey(now, from, order),
            Ask::Go { .. } => {
                Err(Refused::new(Problem::NotAllowed, "Nobody can change rooms here."))
            }
            Ask::Watch { .. } => {
                Err(Refused::new(Problem::NotAllowed, "Only spectators look at somebody."))
            }
        }
    }

    fn say(
        &mut self,
        now: Now,
        (room, you): (RoomId, NetId),
        to: Audience,
        said: &str,
    ) -> Result<(), Refused> {
        let said = text::line(said, self.limits.chat_chars_max as usize)?;
        let Some(it) = self.rooms.get_mut(&room) else { return Ok(()) };
        if let Audience::Player { who } = to
            && !it.members.contains_key(&who)
        {
            return Err(no_such_player(who));
        }
        let Some(member) = it.members.get_mut(&you) else { return Ok(()) };
        let me = person(room, you, member);
        let is_operator = member.who.operator;
        if to == Audience::Everyone && !is_operator {
            let why = "Only operators speak to every room.";
            return Err(Refused::new(Problem::NotAllowed, why));
        }
        let player = member.who.player;
        let silenced = self.silenced.get(&me).copied();
        let kept = self.keeper.muted_until(player).map(|until_s| until_s as u32);
        if !is_operator
            && let Some(until_s) = silenced.max(kept)
            && until_s > now.unix_s
        {
            let left_s = until_s - now.unix_s;
            let why = format!("An operator has muted you for {left_s} more seconds.");
            let retry_after_ms = left_s.saturating_mul(1000);
            return Err(Refused { problem: Problem::Muted, text: why, retry_after_ms });
        }
        if !is_operator {
            let wait_ms = it.slow.wait_ms(now.ms, me);
            if wait_ms > 0 {
                let why =
                    format!("This room is slow: your next line in {} s.", wait_ms.div_ceil(1000));
                return Err(Refused::too_fast(&why, wait_ms));
            }
            let mut chat = member.habits.chat;
            let too_fast = |ms| Refused::too_fast("You say too much at once.", ms);
            chat.take(now.ms, self.limits.chat()).map_err(too_fast)?;
            if to == Audience::Room {
                let busy = |ms| Refused {
                    problem: Problem::Busy,
                    text: "Too many speak in this room at once.".to_owned(),
                    retry_after_ms: ms,
                };
                it.chat.take(now.ms, self.limits.room_chat()).map_err(busy)?;
            }
            member.habits.chat = chat;
            it.slow.note(now.ms, me);
        }
        let (name, text) = (member.name.clone(), (self.clean)(said));
        it.line_number += 1;
        let (number, at_s) = (it.line_number, now.unix_s);
        let line = Line { number, who: you, name, operator: is_operator, to, text, at_s };
        let keeper = self.keeper.as_ref();
        let hears = |member: &Member| is_operator || member.may_hear(keeper, me);
        match to {
            Audience::Room => {
                it.keep_line(self.limits.chat_lines_kept as usize, me, line.clone());
                let hearers = it.members.iter().filter(|(_, it)| hears(it));
                let hearers: Vec<NetId> = hearers.map(|(&who, _)| who).collect();
                self.tell_line(room, &hearers, me, &line);
            }
            Audience::Player { who } => {
                let mut hearers = vec![you];
                let is_heard = it.members.get(&who).is_some_and(hears);
                hearers.extend(Some(who).filter(|&who| who != you && is_heard));
                self.tell_line(room, &hearers, me, &line);
            }
            Audience::Everyone => {
                // Each room counts its own lines.
                let rooms: Vec<RoomId> = self.rooms.keys().copied().collect();
                for other in rooms {
                    let Some(it) = self.rooms.get_mut(&other) else { continue };
                    it.line_number += u32::from(other != room);
                    let line = Line { number: it.line_number, ..line.clone() };
                    // Nobody is deaf to operators.
                    let hearers: Vec<NetId> = it.members.keys().copied().collect();
                    self.tell_line(other, &hearers, me, &line);
                }
            }
        }
        Ok(())
    }

    fn subscribe(&mut self, now: Now, from: (RoomId, NetId), topic: String) -> Result<(), Refused> {
        if topic.len() > TOPIC_BYTES {
            let why = format!("A topic's name has at most {TOPIC_BYTES} bytes.");
            return Err(Refused::new(Problem::UnknownTopic, why));
        }
        if !self.topics_for(Some(from.0)).contains(&topic) {
            let topics = self.topics_for(Some(from.0));
            let why = format!("There is no topic {topic:?}; there are {}.", topics.join(", "));
            return Err(Refused::new(Problem::UnknownTopic, why));
        }
        let most = self.limits.topics_max;
        let Some(habits) = self.habits(from) else { return Ok(()) };
        if !habits.topics.contains_key(&topic) && habits.topics.len() >= most as usize {
            let why = format!("You follow {most} topics already, which is the most.");
            return Err(Refused::new(Problem::TooManyTopics, why));
        }
        habits.topics.insert(topic, Followed::default());
        self.catch_up(now, from);
        Ok(())
    }

    /// Topics that somebody in this room may follow, or anybody.
    pub(super) fn topics_for(&self, room: Option<RoomId>) -> Vec<String> {
        let hidden: Vec<String> = self
            .rooms
            .iter()
            .filter(|(id, it)| it.info.is_private && !it.is_succeeded && Some(**id) != room)
            .map(|(_, it)| presence(&it.info.name))
            .collect();
        self.feeds.keys().filter(|topic| !hidden.contains(topic)).cloned().collect()
    }

    fn take_complaint(
        &mut self,
        now: Now,
        (room, you): (RoomId, NetId),
        who: NetId,
        text: &str,
    ) -> Result<(), Refused> {
        let text = text::reason(text);
        if text.is_empty() {
            return Err(Refused::new(Problem::Empty, "A report says what happened."));
        }
        let Some(it) = self.rooms.get_mut(&room) else { return Ok(()) };
        let other = it.members.get(&who).filter(|_| who != you);
        let other = other.ok_or_else(|| no_such_player(who))?;
        let (name, player) = (other.name.clone(), other.who.player);
        let Some(member) = it.members.get_mut(&you) else { return Ok(()) };
        let mut complaints = member.habits.complaints;
        let too_fast = |ms| Refused::too_fast("You report too much at once.", ms);
        complaints.take(now.ms, self.limits.complaints()).map_err(too_fast)?;
        let busy = |ms| Refused {
            problem: Problem::Busy,
            text: "Too many report players of this room at once.".to_owned(),
            retry_after_ms: ms,
        };
        it.complaints.take(now.ms, self.limits.room_complaints()).map_err(busy)?;
        member.habits.complaints = complaints;
        let (by, place) = (member.name.clone(), it.info.name.clone());
        let line = AuditLine {
            at_s: now.unix_s.into(),
            operator: by.clone(),
            what: REPORTED,
            player,
            name: name.clone(),
            reason: text.clone(),
            minutes: 0,
        };
        self.keeper.note(line);
        let news = News::Reported { room: place, who, name, by, text };
        self.tell_all(now, Priority::High, &news, |member| member.who.operator);
        Ok(())
    }

    pub(super) fn habits(&mut self, (room, you): (RoomId, NetId)) -> Option<&mut Habits> {
        Some(&mut self.rooms.get_mut(&room)?.members.get_mut(&you)?.habits)
    }
}

pub(super) fn no_such_player(who: NetId) -> Refused {
    let why = format!("There is no other player {} in this room.", who.0);
    Refused::new(Problem::NoSuchPlayer, why)
}

/// The beginning of a text that somebody made up.
fn short(text: &str) -> String {
    text.chars().take(TOPIC_BYTES).collect()
}
