//! Which tickets were taken, and what whoever came in keeps of its own: the stub. A ticket is
//! used up once its bearer has shown that it can come back without it; until then whoever
//! brings it again takes that one's place, so that nobody is stranded whose Welcome never came.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use throng_shared::limits::TICKETS_USED_MAX;

use super::{BadTicket, Pass};
use crate::link::ConnId;

/// The connection that brought a ticket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bearer {
    pub(crate) conn: ConnId,
    /// When it came, among all that came to the process.
    pub(crate) number: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    UsedUp,
    /// A newer connection brought it.
    Replaced,
}

/// What is left of a ticket that was taken. One that is dropped neither used up nor given back
/// lets in who brings it next.
#[derive(Debug)]
pub(crate) struct Stub {
    pub(crate) pass: Pass,
    id: String,
    /// Of this taking: decided once, by whoever is first.
    fate: Arc<OnceLock<Fate>>,
}

impl Stub {
    /// The bearer can come back without the ticket. False when a newer one has brought it by
    /// then, who plays instead.
    pub(crate) fn use_up(&self) -> bool {
        *self.fate.get_or_init(|| Fate::UsedUp) == Fate::UsedUp
    }

    /// Whether a newer one has brought it.
    pub(crate) fn is_replaced(&self) -> bool {
        self.fate.get() == Some(&Fate::Replaced)
    }
}

#[derive(Debug)]
struct Entry {
    /// From when on nobody could use it again, in seconds of Unix time.
    end_s: u64,
    bearer: Bearer,
    fate: Arc<OnceLock<Fate>>,
}

/// Numbers of tickets that were taken, until their end.
#[derive(Debug, Default)]
pub(super) struct Taken {
    entries: HashMap<String, Entry>,
    ends: BTreeSet<(u64, String)>,
}

impl Taken {
    /// Takes a ticket for a bearer; and whose place that one takes.
    pub(super) fn take(
        &mut self,
        (id, end_s): (String, u64),
        pass: Pass,
        bearer: Bearer,
        now_s: u64,
    ) -> Result<(Stub, Option<Bearer>), BadTicket> {
        while self.ends.first().is_some_and(|&(end_s, _)| end_s < now_s) {
            if let Some((_, id)) = self.ends.pop_first() {
                self.entries.remove(&id);
            }
        }
        let before = match self.entries.get(&id) {
            // An older one that was heard of later: its client may have given it up.
            Some(entry) if bearer.number < entry.bearer.number => {
                return Err(BadTicket::TicketUsed);
            }
            Some(entry) if entry.fate.set(Fate::Replaced).is_err() => {
                return Err(BadTicket::TicketUsed);
            }
            Some(entry) => Some(entry.bearer),
            None if self.entries.len() >= TICKETS_USED_MAX => {
                return Err(BadTicket::TicketsTooMany);
            }
            None => None,
        };
        Ok((self.put((id, end_s), pass, bearer), before))
    }

    fn put(&mut self, (id, end_s): (String, u64), pass: Pass, bearer: Bearer) -> Stub {
        let fate = Arc::default();
        let entry = Entry { end_s, bearer, fate: Arc::clone(&fate) };
        if let Some(before) = self.entries.insert(id.clone(), entry) {
            self.ends.remove(&(before.end_s, id.clone()));
        }
        self.ends.insert((end_s, id.clone()));
        Stub { pass, id, fate }
    }

    /// Whether the newest who brought that ticket is the one who has this stub.
    fn is_newest(&self, stub: &Stub) -> bool {
        self.entries.get(&stub.id).is_some_and(|entry| Arc::ptr_eq(&entry.fate, &stub.fate))
    }

    /// Forgets that a ticket was taken.
    pub(super) fn give_back(&mut self, stub: &Stub) {
        if self.is_newest(stub)
            && let Some(entry) = self.entries.remove(&stub.id)
        {
            self.ends.remove(&(entry.end_s, stub.id.clone()));
        }
    }

    /// Another connection comes in with what is left of a ticket.
    pub(super) fn pass_on(&mut self, stub: Stub, bearer: Bearer) -> Option<Stub> {
        if stub.is_replaced() {
            return None;
        }
        let Some(entry) = self.entries.get(&stub.id) else {
            // Nobody can bring it any more.
            return Some(Stub { fate: Arc::default(), ..stub });
        };
        let end_s = entry.end_s;
        Some(self.put((stub.id, end_s), stub.pass, bearer))
    }
}

#[cfg(test)]
mod tests {
    use throng_shared::session::Name;

    use super::*;

    const END_S: u64 = 100;

    fn bearer(number: u64) -> Bearer {
        Bearer { conn: ConnId { thread: 0, serial: number }, number }
    }

    fn take(taken: &mut Taken, number: u64) -> Result<(Stub, Option<Bearer>), BadTicket> {
        let name = Name::parse("Ada").expect("it is a name");
        let pass = Pass { name, room: None, operator: false };
        taken.take(("one".to_owned(), END_S), pass, bearer(number), END_S)
    }

    fn taken_by(taken: &mut Taken, number: u64) -> (Stub, Option<Bearer>) {
        take(taken, number).expect("it is good")
    }

    #[test]
    fn who_brings_a_ticket_again_takes_the_place_of_who_has_said_nothing() {
        let mut taken = Taken::default();
        let (first, nobody) = taken_by(&mut taken, 1);
        assert_eq!((nobody, first.is_replaced()), (None, false));
        let (second, before) = taken_by(&mut taken, 2);
        assert_eq!(before, Some(bearer(1)));
        assert!(first.is_replaced() && !first.use_up(), "because one of them plays");
        assert!(second.use_up() && second.use_up());
        assert_eq!(take(&mut taken, 3).err(), Some(BadTicket::TicketUsed));
    }

    #[test]
    fn an_older_connection_that_is_heard_of_later_takes_nothing_from_a_newer_one() {
        let mut taken = Taken::default();
        let (newer, _) = taken_by(&mut taken, 2);
        assert_eq!(take(&mut taken, 1).err(), Some(BadTicket::TicketUsed));
        assert!(newer.use_up());
    }

    #[test]
    fn a_ticket_is_given_back_by_who_has_it_and_by_nobody_before() {
        let mut taken = Taken::default();
        let (first, _) = taken_by(&mut taken, 1);
        let (second, _) = taken_by(&mut taken, 2);
        taken.give_back(&first);
        assert_eq!(taken_by(&mut taken, 3).1, Some(bearer(2)), "because the second had it");
        taken.give_back(&second);
        assert_eq!(taken.entries.len(), 1, "because the third has it");
        let (fourth, _) = taken_by(&mut taken, 4);
        assert!(fourth.use_up());
        taken.give_back(&fourth);
        assert_eq!(taken_by(&mut taken, 5).1, None, "because the room crashed");
        assert_eq!(taken.ends.len(), taken.entries.len());
    }

    #[test]
    fn what_is_left_of_a_ticket_lets_in_whoever_comes_in_its_bearers_stead() {
        let mut taken = Taken::default();
        let (first, _) = taken_by(&mut taken, 1);
        assert!(first.use_up());
        let second = taken.pass_on(first, bearer(2)).expect("nobody newer has it");
        assert_eq!(taken_by(&mut taken, 3).1, Some(bearer(2)), "because it has said nothing");
        assert!(taken.pass_on(second, bearer(4)).is_none(), "because a newer one has it");
    }

    #[test]
    fn the_memory_of_taken_tickets_is_bounded_and_empties() {
        let mut taken = Taken::default();
        let mut come = |id: String, end_s, now_s| {
            let name = Name::parse("Ada").expect("it is a name");
            let pass = Pass { name, room: None, operator: false };
            taken.take((id, end_s), pass, bearer(1), now_s).map(drop)
        };
        for number in 0..TICKETS_USED_MAX {
            assert_eq!(come(number.to_string(), END_S, END_S), Ok(()));
        }
        let full = come("more".to_owned(), END_S + 60, END_S);
        assert_eq!(full, Err(BadTicket::TicketsTooMany));
        assert_eq!(come("more".to_owned(), END_S + 60, END_S + 1), Ok(()), "because all ended");
        assert_eq!((taken.entries.len(), taken.ends.len()), (1, 1));
    }
}
