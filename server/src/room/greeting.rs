//! What a newcomer is told: the Welcome, of which the map is encoded once for all.

use bytes::Bytes;
use throng_shared::ids::{NetId, Tick};
use throng_shared::wire::{
    MapRuns, ServerMessage, WELCOME_HEAD_BYTES, Welcome, WelcomeHead, encode,
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
        let WelcomeHead { secret, resumed, identity, session_ms, time_ms } = WelcomeHead::default();
        let blank = Welcome {
            secret,
            resumed,
            identity,
            session_ms,
            time_ms,
            you: NetId::default(),
            own: NetId::default(),
            watch: false,
            tick: 0,
            tick_hz,
            room,
            map: none,
        };
        Self { blank, blank_len, map: encode(map).into() }
    }

    /// The Welcome of one player, behind what is the connection's own, in two parts: the
    /// player's, and the one that all share.
    pub(super) fn welcome(&self, you: NetId, tick: Tick) -> [Bytes; 2] {
        self.put(Welcome { you, own: you, tick: tick.0, ..self.blank.clone() })
    }

    /// The same of a spectator of that number who sees `you`.
    pub(super) fn welcome_spectator(&self, own: NetId, you: NetId, tick: Tick) -> [Bytes; 2] {
        self.put(Welcome { you, own, watch: true, tick: tick.0, ..self.blank.clone() })
    }

    fn put(&self, welcome: Welcome) -> [Bytes; 2] {
        let mut own = encode(&ServerMessage::Welcome(welcome));
        own.truncate(own.len() - self.blank_len);
        let own = Bytes::from(own).slice(WELCOME_HEAD_BYTES..);
        [own, self.map.clone()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use throng_shared::limits::{IDENTITY_BYTES, SECRET_BYTES};
    use throng_shared::wire::{Identity, Secret, splice_welcome};

    #[test]
    fn the_two_parts_are_the_whole() {
        let map = MapRuns { width: 300, height: 40, runs: (0..700).collect() };
        let greeting = Greeting::new("arena".to_owned(), 30, &map);
        let (you, tick) = (NetId(700), Tick(99_999));
        let head = WelcomeHead {
            secret: Secret([7; SECRET_BYTES]),
            resumed: true,
            identity: Identity([8; IDENTITY_BYTES]),
            session_ms: 60_000,
            time_ms: 1_800_000_000_123,
        };
        let parts = [
            (greeting.welcome(you, tick), you, false),
            (greeting.welcome_spectator(NetId(60_003), you, tick), NetId(60_003), true),
        ];
        for ([room, shared], own, watch) in parts {
            let mut spliced = Vec::new();
            splice_welcome(&mut spliced, &head);
            spliced.extend([room, shared].concat());
            let WelcomeHead { secret, resumed, identity, session_ms, time_ms } = head.clone();
            let whole = Welcome {
                secret,
                resumed,
                identity,
                session_ms,
                time_ms,
                you,
                own,
                watch,
                tick: tick.0,
                tick_hz: 30,
                room: "arena".to_owned(),
                map: map.clone(),
            };
            assert_eq!(spliced, encode(&ServerMessage::Welcome(whole)));
        }
    }
}
