//! Small worlds to test brains in, made of the wire's own records.

use glam::IVec2;
use throng_shared::cells::{CellGrid, Focus, cell_at};
use throng_shared::ids::{NetId, ShardId};
use throng_shared::lattice::SUB;
use throng_shared::limits::HP_MAX;
use throng_shared::map::TileMap;
use throng_shared::motion::{Body, Rules, Steer};
use throng_shared::wire::{
    CellKeyframe, Condition, GliderRecord, Identity, MapRuns, Motion, Place, Refocus, Secret,
    ShardRecord, Snapshot, Trim, Welcome,
};

use crate::view::View;

const TICK_HZ: u8 = 30;

/// Places are offsets from the own glider, in sub-units.
pub(crate) struct Stage {
    own: IVec2,
    hp: u8,
    others: Vec<(IVec2, IVec2)>,
    shards: Vec<IVec2>,
}

impl Stage {
    /// In the middle of an open arena of 64 × 64 tiles.
    pub(crate) fn open() -> Self {
        Self { own: IVec2::splat(32 * SUB), hp: HP_MAX, others: Vec::new(), shards: Vec::new() }
    }

    /// With one tile of floor to the west.
    pub(crate) fn beside_the_west_wall() -> Self {
        Self { own: IVec2::new(2 * SUB, 32 * SUB), ..Self::open() }
    }

    pub(crate) fn hp(mut self, hp: u8) -> Self {
        self.hp = hp;
        self
    }

    /// Another glider, and its velocity in 1/64 sub-units a tick.
    pub(crate) fn other(mut self, offset: IVec2, vel: IVec2) -> Self {
        self.others.push((offset, vel));
        self
    }

    pub(crate) fn shard(mut self, offset: IVec2) -> Self {
        self.shards.push(offset);
        self
    }

    /// The view at tick 100.
    pub(crate) fn view(&self) -> View {
        self.view_at(100)
    }

    /// The same world at another tick; nothing has moved.
    pub(crate) fn view_at(&self, tick: u32) -> View {
        let map = TileMap::walled(64, 64).expect("the size is allowed");
        let welcome = Welcome {
            secret: Secret::default(),
            resumed: false,
            identity: Identity::default(),
            session_ms: 60_000,
            time_ms: 0,
            watch: false,
            you: NetId(0),
            own: NetId(0),
            tick,
            tick_hz: TICK_HZ,
            room: "stage".to_owned(),
            map: MapRuns { width: 64, height: 64, runs: map.runs() },
        };
        let focus = Focus::around(self.own, None, CellGrid::of(&map));
        let keyframes = focus.cells().map(|cell| self.keyframe(cell)).collect();
        let refocus = Refocus { restart: Some(tick), focus, keyframes };
        let mut view = View::new(&welcome).expect("the map is one");
        view.apply(&Snapshot { feedback: None, ticks: Vec::new(), refocus: Some(refocus) })
            .expect("keyframes fit the focus");
        view
    }

    fn keyframe(&self, cell: IVec2) -> CellKeyframe {
        let rules = Rules::new(u32::from(TICK_HZ));
        let own = (self.own, IVec2::ZERO, self.hp);
        let others = self.others.iter().map(|&(offset, vel)| (self.own + offset, vel, HP_MAX));
        let gliders = (0_u16..)
            .zip(std::iter::once(own).chain(others))
            .filter(|(_, (pos, ..))| cell_at(*pos) == cell)
            .map(|(id, (pos, vel, hp))| {
                let body = Body { vel, ..Body::at(pos) };
                let motion = Motion::of(&body, Steer::default(), &rules);
                let (id, place, trim) = (NetId(id), Place::new(pos, cell), Trim::new(0, 0));
                GliderRecord {
                    id,
                    place,
                    heading: 0,
                    trim,
                    motion,
                    condition: Condition::new(hp, false),
                    name: format!("g{}", id.0),
                }
            })
            .collect();
        let shards = (0_u16..)
            .zip(self.shards.iter().map(|&offset| self.own + offset))
            .filter(|(_, pos)| cell_at(*pos) == cell)
            .map(|(id, pos)| ShardRecord {
                id: ShardId(id),
                place: Place::new(pos, cell),
                value: 1,
            })
            .collect();
        CellKeyframe { gliders, bolts: Vec::new(), shards }
    }
}
