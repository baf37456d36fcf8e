//! What operators decide. Each order is written down with its reason.

use throng_shared::ids::NetId;
use throng_shared::limits::{ORDER_MINUTES_MAX, SLOW_S_MAX};
use throng_shared::session::CloseCode;
use throng_shared::wire::{News, Order, Priority, Problem};

use super::asks::no_such_player;
use super::members::person;
use super::{AuditLine, Delivery, Hub, Now, Person, Refused, RoomId, text};
use crate::identity::PlayerId;

/// Whom an order is about.
struct Target {
    person: Person,
    player: PlayerId,
    name: String,
}

impl Hub {
    pub(super) fn obey(
        &mut self,
        now: Now,
        (room, you): (RoomId, NetId),
        order: Order,
    ) -> Result<(), Refused> {
        let it = self.rooms.get(&room).and_then(|it| it.members.get(&you));
        let Some(operator) = it.filter(|it| it.who.operator).map(|it| it.name.clone()) else {
            return Err(Refused::new(Problem::NotAllowed, "Only operators give orders."));
        };
        let at_s = u64::from(now.unix_s);
        let line = |what, (player, name): (PlayerId, String), reason: &str, minutes| AuditLine {
            at_s,
            operator: operator.clone(),
            what,
            player,
            name,
            reason: text::reason(reason),
            minutes,
        };
        match order {
            Order::Mute { who, minutes, reason } => {
                let Target { person, player, name } = self.target(room, who)?;
                let minutes = minutes.min(ORDER_MINUTES_MAX);
                self.silence(now, person, minutes)?;
                let is_kept = player != PlayerId(0);
                let line = line("muted", (player, name), &reason, minutes);
                let told = match minutes {
                    0 => "You may speak again.".to_owned(),
                    _ => format!("You are muted for {minutes} min: {}", line.reason),
                };
                if is_kept {
                    self.keeper.mute(line);
                } else {
                    self.keeper.note(line);
                }
                self.notify(now, (room, who), Priority::High, News::Operator { text: told });
            }
            Order::Kick { who, reason } => {
                let Target { player, name, .. } = self.target(room, who)?;
                let line = line("kicked", (player, name), &reason, 0);
                self.expel((room, who), &format!("kicked: {}", line.reason));
                self.keeper.note(line);
            }
            Order::Ban { who, minutes, reason } => {
                let Target { player, name, .. } = self.target(room, who)?;
                let minutes = minutes.clamp(1, ORDER_MINUTES_MAX);
                let line = line("banned", (player, name), &reason, minutes);
                let why = format!("banned for {minutes} min: {}", line.reason);
                // Wherever else it plays, it plays no more.
                let others = self.places_of(player).into_iter().filter(|&at| at != (room, who));
                for at in std::iter::once((room, who)).chain(others) {
                    self.end_banned(now, at, &why, line.minutes.saturating_mul(60_000));
                }
                if player == PlayerId(0) {
                    self.keeper.note(line);
                } else {
                    self.keeper.ban(line);
                }
            }
            Order::Pardon { player } => {
                let player = PlayerId(player);
                if self.ban(player).is_none() {
                    let why = format!("The player {} is not banned.", player.0);
                    return Err(Refused::new(Problem::NoSuchPlayer, why));
                }
                self.keeper.pardon(line("pardoned", (player, String::new()), "", 0));
            }
            Order::Slow { seconds } => {
                let seconds = seconds.min(SLOW_S_MAX);
                if let Some(it) = self.rooms.get_mut(&room) {
                    it.slow.set(seconds);
                }
                let reason = format!("{seconds} s between two lines");
                self.keeper.note(line("slowed", (PlayerId(0), String::new()), &reason, 0));
            }
        }
        Ok(())
    }

    fn target(&self, room: RoomId, who: NetId) -> Result<Target, Refused> {
        let it = self.rooms.get(&room).and_then(|it| it.members.get(&who));
        let it = it.ok_or_else(|| no_such_player(who))?;
        if it.who.operator {
            let why = "Operators give each other no orders.";
            return Err(Refused::new(Problem::NotAllowed, why));
        }
        let (player, name) = (it.who.player, it.name.clone());
        Ok(Target { person: person(room, who, it), player, name })
    }

    fn silence(&mut self, now: Now, whom: Person, minutes: u32) -> Result<(), Refused> {
        self.silenced.retain(|_, until_s| *until_s > now.unix_s);
        if minutes == 0 {
            self.silenced.remove(&whom);
            return Ok(());
        }
        let most = self.limits.silenced_max;
        if self.silenced.len() >= most as usize {
            let why = format!("{most} players are muted already, which is the most.");
            return Err(Refused::new(Problem::Busy, why));
        }
        self.silenced.insert(whom, now.unix_s.saturating_add(minutes.saturating_mul(60)));
        Ok(())
    }

    pub(super) fn expel(&mut self, (room, you): (RoomId, NetId), reason: &str) {
        let (code, reason) = (CloseCode::Kicked, text::reason(reason));
        self.deliver(room, Delivery::Expel { you, code, reason });
    }
}
