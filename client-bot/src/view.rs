//! What a client holds of the world: the cells of its focus, stepped by the same
//! rule as at the server and corrected by what snapshots tell.
//!
//! It is exact, not an estimate: check values prove that it equals the server's.

use std::sync::{Arc, Mutex, PoisonError};

use glam::IVec2;
use throng_shared::cells::{CellGrid, Focus, cell_at};
use throng_shared::check::CellCheck;
use throng_shared::ids::{BoltId, NetId, ShardId, Tick};
use throng_shared::limits::{THRUST_MAX, VIEW_HEIGHT, VIEW_WIDTH};
use throng_shared::map::{MapError, TileMap};
use throng_shared::motion::{Body, Flight, Rules, Steer, fly, step};
use throng_shared::wire::{
    BoltRecord, CellDelta, CellEvent, CellKeyframe, Condition, GliderRecord, MapRuns, Refocus,
    Snapshot, TickDelta, Welcome,
};

/// A glider that the client holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glider {
    pub id: NetId,
    pub name: String,
    pub look: u8,
    pub body: Body,
    pub steer: Steer,
    pub hp: u8,
    /// Its player's connection is lost.
    pub is_link_dead: bool,
    /// A dash that starts with the next step.
    dash: bool,
}

impl Glider {
    fn condition(&self) -> Condition {
        Condition::new(self.hp, self.is_link_dead)
    }
}

/// A bolt that the client holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bolt {
    pub id: BoltId,
    pub owner: NetId,
    pub flight: Flight,
}

/// A shard that the client holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    pub id: ShardId,
    pub pos: IVec2,
    pub value: u8,
}

/// A snapshot that does not fit what the client holds: it has to ask for a resync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Desync {
    /// Ticks came before the first focus, or with a restart.
    NoFocus,
    /// A slot that the focus does not have.
    UnknownSlot { slot: u8 },
    /// A change of a glider that is not held.
    UnknownGlider { who: NetId },
    /// Not one keyframe for each new cell.
    Keyframes { expected: usize, found: usize },
    /// A check value differs.
    Check { cell: IVec2, expected: u16, found: u16 },
}

/// The last map that was unpacked, for views of the same one. A thousand bots
/// with a map each would work from memory, not from the cache.
#[derive(Debug, Default)]
pub struct Atlas(Mutex<Option<(MapRuns, Arc<TileMap>)>>);

impl Atlas {
    fn map(&self, runs: &MapRuns) -> Result<Arc<TileMap>, MapError> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, map)) = &*last
            && known == runs
        {
            return Ok(Arc::clone(map));
        }
        let map = Arc::new(TileMap::from_runs(runs.width, runs.height, &runs.runs)?);
        *last = Some((runs.clone(), Arc::clone(&map)));
        Ok(map)
    }
}

/// What one client holds.
#[derive(Clone, Debug)]
pub struct View {
    you: NetId,
    rules: Rules,
    map: Arc<TileMap>,
    grid: CellGrid,
    tick: Tick,
    focus: Option<Focus>,
    /// By id.
    gliders: Vec<Glider>,
    /// The ids of `gliders`: a search in them touches few lines of memory.
    ids: Vec<NetId>,
    bolts: Vec<Bolt>,
    shards: Vec<Shard>,
    eye: IVec2,
    checks: u64,
}

impl View {
    /// An empty view of the room that a Welcome describes.
    ///
    /// # Errors
    /// When the map in it is none.
    pub fn new(welcome: &Welcome) -> Result<Self, MapError> {
        Self::sharing(welcome, &Atlas::default())
    }

    /// The same, with a map from `atlas`.
    ///
    /// # Errors
    /// When the map in it is none.
    pub fn sharing(welcome: &Welcome, atlas: &Atlas) -> Result<Self, MapError> {
        let map = atlas.map(&welcome.map)?;
        Ok(Self {
            you: welcome.you,
            rules: Rules::new(u32::from(welcome.tick_hz)),
            grid: CellGrid::of(&map),
            map,
            tick: Tick(welcome.tick),
            focus: None,
            gliders: Vec::new(),
            ids: Vec::new(),
            bolts: Vec::new(),
            shards: Vec::new(),
            eye: IVec2::ZERO,
            checks: 0,
        })
    }

    /// Brings the view to the snapshot's tick.
    ///
    /// # Errors
    /// When the snapshot does not fit or a check value differs. The view then is
    /// not to be trusted until a snapshot with a restart.
    pub fn apply(&mut self, snapshot: &Snapshot) -> Result<(), Desync> {
        if snapshot.refocus.as_ref().is_some_and(|refocus| refocus.restart.is_some())
            && !snapshot.ticks.is_empty()
        {
            return Err(Desync::NoFocus);
        }
        for delta in &snapshot.ticks {
            self.apply_tick(delta)?;
        }
        if let Some(refocus) = &snapshot.refocus {
            self.apply_refocus(refocus)?;
        }
        if let Some(you) = self.own() {
            self.eye = you.body.pos;
        }
        Ok(())
    }

    fn apply_tick(&mut self, delta: &TickDelta) -> Result<(), Desync> {
        let focus = self.focus.ok_or(Desync::NoFocus)?;
        for change in &delta.steers {
            self.held(change.who)?.steer.heading = change.heading;
        }
        for event in delta.cells.iter().flat_map(|cell| &cell.events) {
            self.apply_before_step(event)?;
        }
        self.step(focus);
        for CellDelta { slot, events } in &delta.cells {
            let cell = cell_of(focus, *slot)?;
            for event in events {
                self.apply_after_step(cell, event);
            }
        }
        for CellDelta { slot, events } in &delta.cells {
            let cell = cell_of(focus, *slot)?;
            for event in events {
                if let CellEvent::Check { value } = *event {
                    self.verify(cell, value)?;
                }
            }
        }
        Ok(())
    }

    fn apply_before_step(&mut self, event: &CellEvent) -> Result<(), Desync> {
        match *event {
            // What a peer says, within what the rule of movement can compute with.
            CellEvent::Thrust { who, thrust } => {
                self.held(who)?.steer.thrust = thrust.min(THRUST_MAX);
            }
            CellEvent::Dash { who } => self.held(who)?.dash = true,
            CellEvent::Enter(_)
            | CellEvent::Leave { .. }
            | CellEvent::Death { .. }
            | CellEvent::Health { .. }
            | CellEvent::Fire(_)
            | CellEvent::BoltHit { .. }
            | CellEvent::Shard(_)
            | CellEvent::Gathered { .. }
            | CellEvent::Check { .. }
            | CellEvent::Arrival(_)
            | CellEvent::BoltArrival(_)
            | CellEvent::Link { .. } => {}
        }
        Ok(())
    }

    fn step(&mut self, focus: Focus) {
        self.tick = self.tick.next();
        let Self { gliders, bolts, rules, map, tick, .. } = self;
        gliders.retain_mut(|glider| {
            step(&mut glider.body, glider.steer, glider.dash, *tick, rules, map);
            glider.dash = false;
            focus.contains(cell_at(glider.body.pos))
        });
        bolts.retain_mut(|bolt| {
            fly(&mut bolt.flight, *tick, rules, map) && focus.contains(cell_at(bolt.flight.pos))
        });
        self.index();
    }

    /// Brings the ids up to date after gliders went.
    fn index(&mut self) {
        if self.ids.len() != self.gliders.len() {
            self.ids.clear();
            self.ids.extend(self.gliders.iter().map(|glider| glider.id));
        }
    }

    fn apply_after_step(&mut self, cell: IVec2, event: &CellEvent) {
        // A glider or bolt may come and end in one tick; then it was never held.
        match event {
            CellEvent::Enter(record) | CellEvent::Arrival(record) => {
                self.take_glider(cell, record);
            }
            CellEvent::Leave { who } | CellEvent::Death { who, .. } => {
                if let Ok(index) = self.ids.binary_search(who) {
                    self.gliders.remove(index);
                    self.ids.remove(index);
                }
            }
            CellEvent::Health { who, hp } => {
                if let Ok(glider) = self.held(*who) {
                    glider.hp = *hp;
                }
            }
            CellEvent::Link { who, dead } => {
                if let Ok(glider) = self.held(*who) {
                    glider.is_link_dead = *dead;
                }
            }
            CellEvent::Fire(record) | CellEvent::BoltArrival(record) => {
                self.take_bolt(cell, record);
            }
            CellEvent::BoltHit { bolt } => self.bolts.retain(|held| held.id != *bolt),
            CellEvent::Shard(record) => {
                let pos = record.place.pos(cell);
                self.shards.push(Shard { id: record.id, pos, value: record.value });
            }
            CellEvent::Gathered { shard, .. } => self.shards.retain(|held| held.id != *shard),
            CellEvent::Thrust { .. } | CellEvent::Dash { .. } | CellEvent::Check { .. } => {}
        }
    }

    fn apply_refocus(&mut self, refocus: &Refocus) -> Result<(), Desync> {
        let before = match refocus.restart {
            Some(tick) => {
                self.gliders.clear();
                self.ids.clear();
                self.bolts.clear();
                self.shards.clear();
                self.tick = Tick(tick);
                None
            }
            None => self.focus,
        };
        let focus = refocus.focus;
        self.focus = Some(focus);
        self.gliders.retain(|glider| focus.contains(cell_at(glider.body.pos)));
        self.index();
        self.bolts.retain(|bolt| focus.contains(cell_at(bolt.flight.pos)));
        self.shards.retain(|shard| focus.contains(cell_at(shard.pos)));
        let is_new = |cell: &IVec2| before.is_none_or(|before| !before.contains(*cell));
        let expected = focus.cells().filter(is_new).count();
        let found = refocus.keyframes.len();
        if expected != found {
            return Err(Desync::Keyframes { expected, found });
        }
        for (cell, keyframe) in focus.cells().filter(is_new).zip(&refocus.keyframes) {
            self.take_keyframe(cell, keyframe);
        }
        Ok(())
    }

    fn take_keyframe(&mut self, cell: IVec2, keyframe: &CellKeyframe) {
        for record in &keyframe.gliders {
            self.take_glider(cell, record);
        }
        for record in &keyframe.bolts {
            self.take_bolt(cell, record);
        }
        for record in &keyframe.shards {
            let pos = record.place.pos(cell);
            self.shards.push(Shard { id: record.id, pos, value: record.value });
        }
    }

    fn take_glider(&mut self, cell: IVec2, record: &GliderRecord) {
        let steer = Steer { heading: record.heading, thrust: record.trim.thrust() };
        let glider = Glider {
            id: record.id,
            name: record.name.clone(),
            look: record.trim.look(),
            body: record.motion.body(record.place.pos(cell), steer, &self.rules),
            steer,
            hp: record.condition.hp(),
            is_link_dead: record.condition.is_link_dead(),
            dash: false,
        };
        match self.ids.binary_search(&record.id) {
            Ok(index) => self.gliders[index] = glider,
            Err(index) => {
                self.gliders.insert(index, glider);
                self.ids.insert(index, record.id);
            }
        }
    }

    fn take_bolt(&mut self, cell: IVec2, record: &BoltRecord) {
        let bolt = Bolt { id: record.id, owner: record.owner, flight: record.flight(cell) };
        self.bolts.push(bolt);
    }

    fn held(&mut self, who: NetId) -> Result<&mut Glider, Desync> {
        let index = self.ids.binary_search(&who).map_err(|_| Desync::UnknownGlider { who })?;
        Ok(&mut self.gliders[index])
    }

    fn verify(&mut self, cell: IVec2, expected: u16) -> Result<(), Desync> {
        let mut check = CellCheck::default();
        for glider in self.gliders.iter().filter(|glider| cell_at(glider.body.pos) == cell) {
            check.glider(glider.id, &glider.body, glider.steer, glider.condition());
        }
        for bolt in self.bolts.iter().filter(|bolt| cell_at(bolt.flight.pos) == cell) {
            check.bolt(bolt.id, &bolt.flight);
        }
        for shard in self.shards.iter().filter(|shard| cell_at(shard.pos) == cell) {
            check.shard(shard.id, shard.value);
        }
        self.checks += 1;
        let found = check.value();
        if found == expected { Ok(()) } else { Err(Desync::Check { cell, expected, found }) }
    }

    /// The own glider, while it lives.
    #[must_use]
    pub fn own(&self) -> Option<&Glider> {
        let index = self.ids.binary_search(&self.you).ok()?;
        self.gliders.get(index)
    }

    /// Where the own glider is, or was last.
    #[must_use]
    pub fn eye(&self) -> IVec2 {
        self.eye
    }

    /// All held gliders by id, the own one among them.
    #[must_use]
    pub fn gliders(&self) -> &[Glider] {
        &self.gliders
    }

    /// The held gliders inside the view rectangle, without the own one.
    pub fn others_in_view(&self) -> impl Iterator<Item = &Glider> {
        self.gliders.iter().filter(|glider| {
            let gap = (glider.body.pos - self.eye).abs();
            glider.id != self.you && gap.x <= VIEW_WIDTH / 2 && gap.y <= VIEW_HEIGHT / 2
        })
    }

    #[must_use]
    pub fn bolts(&self) -> &[Bolt] {
        &self.bolts
    }

    #[must_use]
    pub fn shards(&self) -> &[Shard] {
        &self.shards
    }

    /// The tick that the view shows.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.tick
    }

    #[must_use]
    pub fn you(&self) -> NetId {
        self.you
    }

    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    #[must_use]
    pub fn map(&self) -> &TileMap {
        &self.map
    }

    #[must_use]
    pub fn grid(&self) -> CellGrid {
        self.grid
    }

    #[must_use]
    pub fn focus(&self) -> Option<Focus> {
        self.focus
    }

    /// Check values that were compared and matched, or did not.
    #[must_use]
    pub fn checks(&self) -> u64 {
        self.checks
    }
}

fn cell_of(focus: Focus, slot: u8) -> Result<IVec2, Desync> {
    focus.cell(slot).ok_or(Desync::UnknownSlot { slot })
}

#[cfg(test)]
mod tests {
    use super::*;
    use throng_shared::wire::{Identity, Secret};

    #[test]
    fn views_of_one_atlas_share_their_map() {
        let map = TileMap::walled(64, 64).expect("the size is allowed");
        let welcome = |width| Welcome {
            secret: Secret::default(),
            resumed: false,
            identity: Identity::default(),
            session_ms: 60_000,
            time_ms: 0,
            watch: false,
            you: NetId(0),
            own: NetId(0),
            tick: 0,
            tick_hz: 30,
            room: String::new(),
            map: MapRuns { width, height: 64, runs: map.runs() },
        };
        let atlas = Atlas::default();
        let views = [(); 2].map(|()| View::sharing(&welcome(64), &atlas).expect("a map"));
        assert!(Arc::ptr_eq(&views[0].map, &views[1].map), "because it is the same map");
        assert!(View::sharing(&welcome(63), &atlas).is_err(), "because a forged one is none");
    }
}
