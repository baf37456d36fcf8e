//! Who plays: ids to entities, in the order of ids.

use bevy_ecs::prelude::{Entity, Resource};
use throng_shared::ids::NetId;

/// All players, by id.
#[derive(Resource, Clone, Debug, Default)]
pub struct Roster {
    sorted: Vec<(NetId, Entity)>,
}

impl Roster {
    pub fn insert(&mut self, id: NetId, entity: Entity) {
        if let Err(index) = self.find(id) {
            self.sorted.insert(index, (id, entity));
        }
    }

    pub fn remove(&mut self, id: NetId) -> Option<Entity> {
        let index = self.find(id).ok()?;
        Some(self.sorted.remove(index).1)
    }

    #[must_use]
    pub fn entity(&self, id: NetId) -> Option<Entity> {
        self.find(id).ok().map(|index| self.sorted[index].1)
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// Ascending by id: the order of everything that reaches the wire.
    pub fn iter(&self) -> impl Iterator<Item = (NetId, Entity)> + '_ {
        self.sorted.iter().copied()
    }

    fn find(&self, id: NetId) -> Result<usize, usize> {
        self.sorted.binary_search_by_key(&id, |&(id, _)| id)
    }
}
