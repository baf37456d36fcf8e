//! What a newcomer is told: the Welcome, of which the map is encoded once for all.

use bytes::Bytes;
use throng_shared::ids::{NetId, Tick};
use throng_shared::limits::SECRET_BYTES;
use throng_shared::wire::{
    Identity, MapRuns, Secret, ServerMessage, WELCOME_HEAD_BYTES, Welcome, encode,
};

#[derive(Debug)]
pub(super) struct Greeting {
    /// All but the map, which comes last.
    blank: Welcome,
    /// Bytes of a map without runs.
    blank_len: usize,
    map: Bytes,
}

impl Greeting {
    pub(super) fn new(room: String, tick_hz: u32, map: &MapRuns) -> Self {
        let none = MapRuns { runs: Vec::new(), ..*map };
        let blank_len = encode(&none).len();
        let tick_hz = tick_hz as u8;
        let blank = Welcome {
            secret: Secret([0; SECRET_BYTES]),
            resumed: false,
            identity: Identity::default(),
            you: NetId::default(),
            watch: false,
            tick: 0,
            tick_hz,
            room,
            map: none,
        };
        Self { blank, blank_len, map: encode(map).into() }
    }

    /// The Welcome of one player, or of a spectator who sees that one, behind what is the
    /// connection's own, in two parts: the player's, and the one that all share.
    pub(super) fn welcome(&self, you: NetId, watch: bool, tick: Tick) -> [Bytes; 2] {
        let welcome = Welcome { you, watch, tick: tick.0, ..self.blank.clone() };
        let mut own = encode(&ServerMessage::Welcome(welcome));
        own.truncate(own.len() - self.blank_len);
        let own = Bytes::from(own).slice(WELCOME_HEAD_BYTES..);
        [own, self.map.clone()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use throng_shared::limits::IDENTITY_BYTES;
    use throng_shared::wire::splice_welcome;

    #[test]
    fn the_two_parts_are_the_whole() {
        let map = MapRuns { width: 300, height: 40, runs: (0..700).collect() };
        let greeting = Greeting::new("arena".to_owned(), 30, &map);
        let (you, tick) = (NetId(700), Tick(99_999));
        let watch = true;
        let [own, shared] = greeting.welcome(you, watch, tick);
        let room = "arena".to_owned();
        let secret = Secret([7; SECRET_BYTES]);
        let identity = Identity([8; IDENTITY_BYTES]);
        let mut spliced = Vec::new();
        splice_welcome(&mut spliced, &secret, true, &identity);
        spliced.extend([own, shared].concat());
        let (resumed, tick) = (true, tick.0);
        let whole = Welcome { secret, resumed, identity, you, watch, tick, tick_hz: 30, room, map };
        assert_eq!(spliced, encode(&ServerMessage::Welcome(whole)));
    }
}
