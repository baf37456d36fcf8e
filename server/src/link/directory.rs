//! Which rooms there are, by what names and codes they are found, and the ways to them. It
//! is asked at a Hello and when somebody travels; no tick looks into it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::{Sender, bounded};
use throng_shared::limits::{LINK_PLACES, PUBLISHED_MAX, ROOMS_MAX};

use super::{Fate, Gauge, Inbox, Publication, RoomId, RoomLink, RoomPort, Step};

/// How a room is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    pub name: String,
    /// By which alone it is found, if there is one: the room is private.
    pub code: Option<String>,
    /// Control messages that may be on their way to it.
    pub places: usize,
}

impl Listing {
    /// A public room that takes in whoever the process can hold.
    #[must_use]
    pub fn sole(name: &str) -> Self {
        Self { name: name.to_owned(), code: None, places: LINK_PLACES }
    }
}

/// Why a room cannot be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Another one has the name, or can be found by it.
    Name,
    /// As many are open as may be.
    Places,
}

/// Why there is no room for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRoom {
    /// None has this name or code.
    Unknown,
    /// It stands still, or is at its limit while others are not.
    Busy,
}

/// A room that is open, for whoever looks at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    pub id: RoomId,
    pub name: String,
    pub is_private: bool,
}

#[derive(Debug)]
struct Entry {
    id: RoomId,
    listing: Listing,
    /// One for each network thread.
    ports: Vec<RoomPort>,
    stalled: Arc<AtomicBool>,
}

impl Entry {
    fn is_open(&self) -> bool {
        self.ports.first().is_none_or(|port| port.fate() == Fate::Open)
    }

    /// Whether nothing of the room is left.
    fn is_over(&self) -> bool {
        // The link holds the other one.
        !self.is_open() && Arc::strong_count(&self.stalled) == 1
    }

    fn is_stalled(&self) -> bool {
        self.stalled.load(Ordering::Relaxed)
    }
}

#[derive(Debug, Default)]
struct Book {
    /// By place.
    rooms: Vec<Option<Entry>>,
    opened: u32,
}

impl Book {
    fn open(&self) -> impl Iterator<Item = &Entry> {
        self.rooms.iter().flatten().filter(|entry| entry.is_open())
    }

    fn entry(&self, id: RoomId) -> Option<&Entry> {
        let entry = self.rooms.get(usize::from(id.place))?.as_ref()?;
        (entry.id == id).then_some(entry)
    }

    /// Whoever is found by a text, in any case of its letters.
    fn found(&self, wish: &str) -> Option<&Entry> {
        let wish = wish.to_lowercase();
        self.open().find(|Entry { listing, .. }| {
            listing.code.as_ref().unwrap_or(&listing.name).to_lowercase() == wish
        })
    }
}

/// Every open room of the process.
#[derive(Debug)]
pub struct Directory {
    gauge: Arc<Gauge>,
    /// Of all network threads.
    inboxes: Vec<Sender<Publication>>,
    book: Mutex<Book>,
}

impl Directory {
    /// A directory without rooms, and an inbox for each network thread.
    #[must_use]
    pub fn new(net_threads: usize) -> (Arc<Self>, Vec<Inbox>) {
        let gauge = Arc::new(Gauge::new(net_threads));
        // Each room has its own bound below this one.
        let channels = (0..net_threads).map(|_| bounded(PUBLISHED_MAX * ROOMS_MAX));
        let (inboxes, ears): (Vec<_>, Vec<_>) = channels.unzip();
        let ears = (0_u16..).zip(ears).map(|(thread, published)| Inbox {
            thread,
            gauge: Arc::clone(&gauge),
            published,
        });
        let ears = ears.collect();
        (Arc::new(Self { gauge, inboxes, book: Mutex::default() }), ears)
    }

    #[must_use]
    pub fn gauge(&self) -> &Arc<Gauge> {
        &self.gauge
    }

    /// Lists a new room; its end of the link.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub fn open(&self, listing: Listing) -> Result<RoomLink, Taken> {
        let mut book = self.lock();
        for wish in [Some(&listing.name), listing.code.as_ref()].into_iter().flatten() {
            let wish = wish.to_lowercase();
            let is_taken = book.open().any(|Entry { listing, .. }| {
                listing.name.to_lowercase() == wish
                    || listing.code.as_ref().is_some_and(|code| code.to_lowercase() == wish)
            });
            if is_taken {
                return Err(Taken::Name);
            }
        }
        let free = |entry: &Option<Entry>| entry.as_ref().is_none_or(Entry::is_over);
        let place = match book.rooms.iter().position(free) {
            Some(place) => place,
            None if book.rooms.len() < ROOMS_MAX => {
                book.rooms.push(None);
                book.rooms.len() - 1
            }
            None => return Err(Taken::Places),
        };
        book.opened = book.opened.wrapping_add(1);
        let id = RoomId { place: place as u16, number: book.opened };
        let gauge = Arc::clone(&self.gauge);
        let (link, ports) = RoomLink::new(id, &self.inboxes, listing.places, gauge);
        let stalled = Arc::clone(link.stalled());
        book.rooms[place] = Some(Entry { id, listing, ports, stalled });
        Ok(link)
    }

    /// The room of that name or code; or, for an empty wish, the public one where most people
    /// play among those that have a free place, or else any. `tried` has a bit for each place
    /// that is not to be thought of.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(&self, wish: &str, tried: u64) -> Result<RoomId, NoRoom> {
        let book = self.lock();
        let is_open = |entry: &Entry| {
            let step = self.gauge.room(entry.id.place).step();
            // When all rooms are shut, that is for the door to say.
            !entry.is_stalled() && (step == Step::Open || self.gauge.step() != Step::Open)
        };
        if !wish.is_empty() {
            let entry = book.found(wish).ok_or(NoRoom::Unknown)?;
            return if is_open(entry) { Ok(entry.id) } else { Err(NoRoom::Busy) };
        }
        let public = book.open().filter(|entry| {
            entry.listing.code.is_none() && tried >> entry.id.place & 1 == 0 && is_open(entry)
        });
        // Of equals the first, which has been there longest.
        let best = public.min_by_key(|entry| {
            let gauge = self.gauge.room(entry.id.place);
            (gauge.is_full(), std::cmp::Reverse(gauge.people()), entry.id.number)
        });
        best.map(|entry| entry.id).ok_or(NoRoom::Busy)
    }

    /// The room of this name, private or not: for who is sent there by somebody who knows.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<RoomId> {
        let name = name.to_lowercase();
        let book = self.lock();
        book.open().find(|entry| entry.listing.name.to_lowercase() == name).map(|entry| entry.id)
    }

    /// A network thread's way to a room that is open.
    #[must_use]
    pub fn port(&self, id: RoomId, thread: u16) -> Option<RoomPort> {
        self.lock().entry(id)?.ports.get(usize::from(thread)).cloned()
    }

    /// A room's name, as long as it is listed.
    #[must_use]
    pub fn name(&self, id: RoomId) -> Option<String> {
        self.lock().entry(id).map(|entry| entry.listing.name.clone())
    }

    /// Takes a room off the list: from now on nobody finds it, and it ends.
    pub fn close(&self, id: RoomId) {
        if let Some(entry) = self.lock().entry(id) {
            entry.ports.iter().for_each(|port| port.sign.end(Fate::Closed));
        }
    }

    /// Rooms that were ever listed.
    #[must_use]
    pub fn opened(&self) -> u32 {
        self.lock().opened
    }

    /// All that are open, by place.
    #[must_use]
    pub fn rooms(&self) -> Vec<Roster> {
        let roster = |entry: &Entry| Roster {
            id: entry.id,
            name: entry.listing.name.clone(),
            is_private: entry.listing.code.is_some(),
        };
        self.lock().open().map(roster).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(name: &str, code: Option<&str>) -> Listing {
        Listing { name: name.to_owned(), code: code.map(str::to_owned), places: 8 }
    }

    #[test]
    fn a_room_is_found_by_its_name_and_a_private_one_by_its_code_alone() {
        let (directory, _inboxes) = Directory::new(1);
        let arena = directory.open(listed("arena", None)).expect("a place is free");
        let den = directory.open(listed("den", Some("QX7F2K"))).expect("a place is free");
        assert_eq!(directory.find("arena", 0), Ok(arena.id()));
        assert_eq!(directory.find("Arena", 0), Ok(arena.id()));
        assert_eq!(directory.find("qx7f2k", 0), Ok(den.id()));
        assert_eq!(directory.find("den", 0), Err(NoRoom::Unknown));
        assert_eq!(directory.named("den"), Some(den.id()));
        for name in ["ARENA", "den", "qx7f2k"] {
            let again = directory.open(listed(name, None)).map(|link| link.id());
            assert_eq!(again, Err(Taken::Name), "because {name} is known");
        }
        drop(den);
        assert_eq!(directory.find("QX7F2K", 0), Err(NoRoom::Unknown), "because it crashed");
    }

    #[test]
    fn who_wishes_for_none_comes_to_the_fullest_public_room_with_a_free_place() {
        let (directory, _inboxes) = Directory::new(1);
        let links: Vec<RoomLink> = [("arena", None), ("attic", None), ("den", Some("QX7F2K"))]
            .map(|(name, code)| directory.open(listed(name, code)).expect("a place is free"))
            .into();
        let gauges: Vec<_> = links.iter().map(RoomLink::room_gauge).collect();
        assert_eq!(directory.find("", 0), Ok(links[0].id()), "because it is the oldest of equals");
        gauges[1].set_people(3);
        gauges[2].set_people(9);
        gauges[0].set_people(2);
        gauges[0].set_onlookers(9);
        assert_eq!((gauges[0].company(), gauges[1].company()), (11, 3));
        assert_eq!(directory.find("", 0), Ok(links[1].id()), "because nine of those look on");
        gauges[1].set_full(true);
        assert_eq!(directory.find("", 0), Ok(links[0].id()));
        assert_eq!(directory.find("", 1), Ok(links[1].id()), "because a full one says so itself");
        assert_eq!(directory.find("", 3), Err(NoRoom::Busy));
        links[0].stalled().store(true, Ordering::Relaxed);
        assert_eq!(directory.find("arena", 0), Err(NoRoom::Busy), "because it stands still");
        gauges[1].set_step(Step::Shut, 1);
        assert_eq!(directory.find("attic", 0), Err(NoRoom::Busy), "because others are open");
    }

    #[test]
    fn only_so_many_rooms_are_open_and_a_place_is_used_again() {
        let (directory, _inboxes) = Directory::new(1);
        let open = |name: &str| directory.open(listed(name, None));
        let mut links: Vec<RoomLink> = (0..ROOMS_MAX)
            .map(|number| open(&number.to_string()).expect("a place is free"))
            .collect();
        assert_eq!(open("more").map(|link| link.id()), Err(Taken::Places));
        let gone = links.remove(5);
        directory.close(gone.id());
        assert_eq!(gone.fate(), Fate::Closed);
        assert_eq!(directory.rooms().len(), ROOMS_MAX - 1);
        let id = gone.id();
        drop(gone);
        let more = open("more").expect("its place is free");
        assert_eq!((more.id().place, directory.port(id, 0).is_none()), (5, true));
    }

    #[test]
    fn a_thread_that_stands_still_holds_up_no_more_than_its_ticks() {
        use crate::link::{Following, Mail};
        use crate::replication::TickFrame;
        use std::time::{Duration, Instant};
        let (directory, inboxes) = Directory::new(1);
        let mut link = directory.open(listed("arena", None)).expect("a place is free");
        let map = throng_shared::map::TileMap::walled(8, 8).expect("it is a map");
        let frame = Arc::new(TickFrame::blank(throng_shared::cells::CellGrid::of(&map)));
        let now = Instant::now();
        for _ in 0..PUBLISHED_MAX + 4 {
            link.publish(&frame, now, Duration::from_millis(33), Following::Later, Step::Open);
            let conn = super::super::ConnId { thread: 0, serial: 1 };
            link.post(0, Mail::Departed { conn });
        }
        let port = directory.port(link.id(), 0).expect("it is open");
        let taken = || inboxes[0].published(now).inspect(|_| port.note_taken());
        let taken: Vec<_> = std::iter::from_fn(taken).collect();
        assert_eq!(taken.len(), PUBLISHED_MAX);
        link.publish(&frame, now, Duration::from_millis(33), Following::Later, Step::Open);
        let mail = inboxes[0].published(now).expect("there is a place again").mail;
        assert_eq!(mail.len(), 5, "because mail waits for a place");
    }
}
