//! One number for a whole world: FNV-1a over everything that the next tick
//! depends on, by id: players with what waits in their buffers, bolts, shards, the
//! crown, limbo, ids and chance.

use glam::IVec2;

use super::{Life, Link, Sim};

struct Digest(u64);

impl Digest {
    fn word(&mut self, word: u64) {
        for byte in word.to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }

    fn vec(&mut self, v: IVec2) {
        self.word(u64::from(v.x.cast_unsigned()) << 32 | u64::from(v.y.cast_unsigned()));
    }
}

pub(super) fn of(sim: &Sim) -> u64 {
    let mut digest = Digest(0xCBF2_9CE4_8422_2325);
    digest.word(u64::from(sim.tick().0));
    digest.word(sim.chance());
    digest.word(sim.crown().map_or(u64::MAX, |id| u64::from(id.0)));
    for pool in sim.id_pools() {
        pool.each_resting(|since, id| digest.word(u64::from(since.0) << 16 | u64::from(id)));
        digest.word(u64::from(pool.fresh()));
    }
    sim.each_player(|it| {
        digest.word(u64::from(it.id.0) | u64::from(it.look) << 16 | u64::from(it.hp) << 24);
        digest.vec(it.body.pos);
        digest.vec(it.body.vel);
        digest.word(u64::from(it.body.dash_left) | u64::from(it.body.dash_rest) << 8);
        let helm = it.helm;
        digest.word(
            u64::from(helm.steer.heading)
                | u64::from(helm.steer.thrust) << 8
                | u64::from(helm.aim) << 16
                | u64::from(helm.dashes) << 24,
        );
        digest.word(
            u64::from(it.trigger.presses)
                | u64::from(it.trigger.pressed) << 8
                | u64::from(it.trigger.rest) << 16,
        );
        digest.word(match it.life {
            Life::Flying => 0,
            Life::Down(until) => 1 << 32 | u64::from(until.0),
        });
        digest.word(match it.link {
            Link::Live => 0,
            Link::Dead => 1,
            Link::Away => 2,
        });
        digest.word(u64::from(it.purse.shards) << 16 | u64::from(it.purse.kills));
        for intent in it.buffer.waiting() {
            digest.word(u64::from(intent.tick.0) << 32 | u64::from(intent.fire) << 8);
            digest.word(
                u64::from(intent.steer.heading)
                    | u64::from(intent.steer.thrust) << 8
                    | u64::from(intent.aim) << 16
                    | u64::from(intent.dash) << 24,
            );
        }
    });
    for &(id, until) in sim.limbo().lost() {
        digest.word(u64::from(id.0) << 32 | u64::from(until.0));
    }
    for bolt in sim.bolts() {
        digest.word(u64::from(bolt.id.0) | u64::from(bolt.owner.0) << 16);
        digest.vec(bolt.flight.pos);
        digest.word(u64::from(bolt.flight.heading) | u64::from(bolt.flight.left) << 8);
    }
    for cell in 0..sim.grid().count() {
        for shard in sim.shards_in(cell) {
            digest.word(u64::from(shard.id.0) | u64::from(shard.value) << 16);
            digest.vec(shard.pos);
        }
    }
    digest.0
}
