//! The rooms as one network thread sees them: what each has published, and what is on its
//! way there.

use std::time::Instant;

use throng_shared::ids::Tick;
use throng_shared::limits::ROOMS_MAX;

use super::reading::Beat;
use crate::link::{Directory, Fate, InputNote, RoomId, RoomPort};
use crate::replication::History;

/// One room.
#[derive(Debug)]
pub(super) struct Hall {
    pub(super) port: RoomPort,
    pub(super) inputs: Vec<InputNote>,
    pub(super) history: History,
    pub(super) beat: Option<Beat>,
    /// Whether more than half of the clients wait, so that it is not for their links.
    pub(super) many_wait: bool,
    /// The tick that was written last.
    pub(super) written: Option<Tick>,
    /// Whether a tick came that was not written.
    pub(super) is_due: bool,
    /// Whether any client of this thread was there when a tick was written last.
    pub(super) is_visited: bool,
}

/// All rooms that the thread has heard of, by place.
#[derive(Debug, Default)]
pub(super) struct Halls(Vec<Option<Hall>>);

impl Halls {
    pub(super) fn of(&self, room: RoomId) -> Option<&Hall> {
        self.0.get(usize::from(room.place))?.as_ref().filter(|hall| hall.port.id() == room)
    }

    pub(super) fn of_mut(&mut self, room: RoomId) -> Option<&mut Hall> {
        let hall = self.0.get_mut(usize::from(room.place))?.as_mut();
        hall.filter(|hall| hall.port.id() == room)
    }

    /// A room that somebody is about to come into, if it is there.
    pub(super) fn enter(&mut self, room: RoomId, way: (&Directory, u16)) -> Option<&mut Hall> {
        let hall = self.hear(room, way)?;
        hall.is_visited = true;
        Some(hall)
    }

    /// A room that may not have been heard of, if it is there.
    pub(super) fn hear(
        &mut self,
        room: RoomId,
        (directory, thread): (&Directory, u16),
    ) -> Option<&mut Hall> {
        let place = usize::from(room.place);
        if self.of(room).is_none() {
            let port = directory.port(room, thread)?;
            if port.fate() != Fate::Open {
                return None;
            }
            if self.0.len() <= place {
                self.0.resize_with(place + 1, || None);
            }
            // What was there before is over, and those who were in it are yet to be told.
            if self.0[place].is_some() {
                return None;
            }
            self.0[place] = Some(Hall {
                port,
                inputs: Vec::new(),
                history: History::default(),
                beat: None,
                many_wait: false,
                written: None,
                is_due: false,
                is_visited: false,
            });
        }
        self.of_mut(room)
    }

    /// Takes a room out, to be put back or forgotten.
    pub(super) fn take(&mut self, room: RoomId) -> Option<Hall> {
        let hall = self.0.get_mut(usize::from(room.place))?;
        hall.take_if(|hall| hall.port.id() == room)
    }

    pub(super) fn put_back(&mut self, hall: Hall) {
        let place = usize::from(hall.port.id().place);
        self.0[place] = Some(hall);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Hall> {
        self.0.iter().flatten()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Hall> {
        self.0.iter_mut().flatten()
    }

    /// A room with a tick that was not written.
    pub(super) fn due(&self) -> Option<RoomId> {
        self.iter().find(|hall| hall.is_due).map(|hall| hall.port.id())
    }

    /// The next deadline of a room with clients here.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let visited = self.iter().filter(|hall| hall.is_visited);
        visited.filter_map(|hall| hall.beat).map(|beat| beat.next_deadline).min()
    }
}

/// A set of rooms that are open at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RoomSet(pub(super) u64);

impl RoomSet {
    pub(super) fn has(self, room: RoomId) -> bool {
        self.0 >> (usize::from(room.place) % ROOMS_MAX) & 1 == 1
    }

    pub(super) fn insert(&mut self, room: RoomId) {
        self.0 |= 1 << (usize::from(room.place) % ROOMS_MAX);
    }
}
