//! Rooms that players make: what they may ask for, and what they get.

use std::str::FromStr;

use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use throng_shared::limits::{ROOM_CODE_CHARS, ROOM_NAME_BYTES, TICK_HZ_MAX, TICK_HZ_MIN};

use super::{Plan, Rooms, lock};
use crate::config::{ArenaSpec, Limits, Place};
use crate::link::Taken;
use crate::net::Caller;
use crate::sim::SimOptions;
use crate::words::FILTER;

/// Characters of a code: none that looks like another one.
const CODE_CHARS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// What is asked for where nothing is said.
const PLAYERS: usize = 64;
const TICK_HZ: u32 = 30;
const TILES: i32 = 64;
/// Codes that are drawn until one is free.
const DRAWS_MAX: usize = 8;

/// What somebody asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    pub name: Option<String>,
    #[serde(default)]
    pub private: bool,
    pub map: Option<String>,
    pub tick_hz: Option<u32>,
    pub players_max: Option<usize>,
    pub house_bots: Option<usize>,
}

/// How the room is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Made {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Why there is no such room, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmade {
    /// The server makes none.
    Fixed(String),
    /// Something that was asked for cannot be.
    Wrong(String),
    /// Another room has the name.
    Taken(String),
    /// There are too many.
    TooMany(String),
}

impl Unmade {
    #[must_use]
    pub fn sentence(&self) -> &str {
        match self {
            Self::Fixed(text) | Self::Wrong(text) | Self::Taken(text) | Self::TooMany(text) => text,
        }
    }
}

/// What was asked for, once every part of it was found to be right.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Checked {
    name: Option<String>,
    place: Place,
    tick_hz: u32,
    players_max: usize,
    house_bots: usize,
}

fn bounded<T: PartialOrd + std::fmt::Display>(
    field: &str,
    value: T,
    least: T,
    most: T,
) -> Result<T, String> {
    if value < least || value > most {
        return Err(format!("{field} is {value}, and must be {least} to {most}."));
    }
    Ok(value)
}

/// A name of a room, without what surrounds it.
fn room_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    let is_plain = name.chars().all(|it| it.is_alphanumeric() || it == '-' || it == '_');
    if name.is_empty() || name.len() > ROOM_NAME_BYTES || !is_plain {
        return Err(format!(
            "name must have 1 to {ROOM_NAME_BYTES} bytes of letters, digits, - and _."
        ));
    }
    if FILTER.is_foul(name) {
        return Err("name has a word in it that is not for everybody; take another.".to_owned());
    }
    Ok(name.to_owned())
}

/// A map that needs no file of the server's, and not too much of its time.
fn place(limits: &Limits, text: &str) -> Result<Place, String> {
    let (tiles_max, players_max) = (limits.made_tiles_max as i32, limits.made_players_max);
    if text == "default" {
        return Ok(Place::BuiltIn);
    }
    let wrong = || {
        format!(
            "map must be \"default\", a number of tiles up to \"{tiles_max}\", \
             \"auto:N\" for N players up to {players_max}, or \"disc:R\" with a radius of R \
             tiles up to {}.",
            tiles_max / 2
        )
    };
    let arena = ArenaSpec::from_str(text).map_err(|_| wrong())?;
    let fits = match arena {
        ArenaSpec::Tiles(tiles) => tiles <= tiles_max,
        ArenaSpec::Auto(players) => players <= players_max as usize,
        ArenaSpec::Disc(radius) => radius <= tiles_max / 2,
    };
    if fits { Ok(Place::Generated(arena)) } else { Err(wrong()) }
}

fn check(limits: &Limits, wanted: &Wanted) -> Result<Checked, String> {
    let Wanted { name, private: _, map, tick_hz, players_max, house_bots } = wanted;
    let most = limits.made_players_max as usize;
    let players_max = players_max.unwrap_or(PLAYERS.min(most));
    let players_max = bounded("players_max", players_max, 1, most)?;
    let bots_max = (limits.made_bots_max as usize).min(players_max - 1);
    let tiles = TILES.min(limits.made_tiles_max as i32);
    Ok(Checked {
        name: name.as_deref().map(room_name).transpose()?,
        place: match map {
            Some(map) => place(limits, map)?,
            None => Place::Generated(ArenaSpec::Tiles(tiles)),
        },
        tick_hz: bounded("tick_hz", tick_hz.unwrap_or(TICK_HZ), TICK_HZ_MIN, TICK_HZ_MAX)?,
        players_max,
        house_bots: bounded("house_bots", house_bots.unwrap_or(0), 0, bots_max)?,
    })
}

/// A code that nobody guesses.
fn draw_code() -> String {
    let mut bytes = [0; ROOM_CODE_CHARS];
    SystemRandom::new().fill(&mut bytes).expect("the system has random bytes");
    bytes.map(|byte| char::from(CODE_CHARS[usize::from(byte) % CODE_CHARS.len()])).iter().collect()
}

/// A room that is being made. It counts as one of its maker's until it is open, or is not
/// to be.
struct Making<'a> {
    rooms: &'a Rooms,
    maker: Caller,
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        let mut making = lock(&self.rooms.making);
        if let Some(at) = making.iter().position(|&it| it == self.maker) {
            making.swap_remove(at);
        }
    }
}

impl Rooms {
    /// Takes one of the rooms that somebody may have.
    fn begin(&self, maker: Caller) -> Result<Making<'_>, Unmade> {
        let mut making = lock(&self.making);
        let in_hand = making.iter().filter(|&&it| it == maker).count();
        let open = lock(&self.open).iter().filter(|room| room.maker == Some(maker)).count();
        let most = self.limits.made_per_address as usize;
        if in_hand + open >= most {
            return Err(Unmade::TooMany(format!(
                "Your address has made {most} rooms that are open; one address may \
                 have no more."
            )));
        }
        let arena = usize::from(self.is_awaited());
        if making.len() + self.directory.rooms().len() + arena >= self.limits.rooms_max as usize {
            return Err(self.too_many());
        }
        making.push(maker);
        Ok(Making { rooms: self, maker })
    }

    fn too_many(&self) -> Unmade {
        let most = self.limits.rooms_max;
        Unmade::TooMany(format!("{most} rooms are open, and there can be no more."))
    }

    /// Makes a room for somebody. It takes a while: the map has to be made.
    ///
    /// # Errors
    /// When there can be no such room.
    pub fn make(&self, wanted: &Wanted, maker: Caller) -> Result<Made, Unmade> {
        if self.is_fixed {
            return Err(Unmade::Fixed("The rooms of this server are fixed.".to_owned()));
        }
        let Checked { name, place, tick_hz, players_max, house_bots } =
            check(&self.limits, wanted).map_err(Unmade::Wrong)?;
        let taken = || Unmade::Taken("There is a room of that name already.".to_owned());
        if name.as_deref().is_some_and(|name| self.is_reserved(name)) {
            return Err(taken());
        }
        let _making = self.begin(maker)?;
        // Rooms of one kind are not to be all alike.
        let seed = self.seed.wrapping_add(u64::from(self.directory.opened()));
        let (arena, shards) = place.arena(seed).map_err(Unmade::Wrong)?;
        for _ in 0..DRAWS_MAX {
            let code = wanted.private.then(draw_code);
            let drawn = || format!("room-{}", draw_code().to_lowercase());
            let plan = Plan {
                name: name.clone().unwrap_or_else(drawn),
                code: code.clone(),
                arena: arena.clone(),
                sim: SimOptions { tick_hz, seed, players_max, shards },
                house_bots,
                maker: Some(maker),
            };
            let made = Made { name: plan.name.clone(), code };
            match self.open(plan) {
                Ok(_) => return Ok(made),
                Err(Taken::Places) => return Err(self.too_many()),
                // A code or a name that was drawn may be there by chance.
                Err(Taken::Name) => {}
            }
        }
        Err(taken())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted_within(limits: &Limits, json: &str) -> Result<Checked, String> {
        let wanted: Wanted = serde_json::from_str(json).map_err(|error| error.to_string())?;
        check(limits, &wanted)
    }

    fn wanted(json: &str) -> Result<Checked, String> {
        wanted_within(&Limits::default(), json)
    }

    #[test]
    fn what_may_be_made_is_what_the_operator_allows() {
        let limits = Limits { made_players_max: 20, made_bots_max: 5, ..Limits::default() };
        let limits = Limits { made_tiles_max: 32, ..limits };
        let plain = wanted_within(&limits, "{}").expect("what is left out fits");
        assert_eq!((plain.players_max, plain.place), {
            (20, Place::Generated(ArenaSpec::Tiles(32)))
        });
        for (json, expected) in [
            (r#"{"players_max":21}"#, "players_max is 21, and must be 1 to 20"),
            (r#"{"house_bots":6}"#, "house_bots is 6, and must be 0 to 5"),
            (r#"{"map":"33"}"#, "up to \"32\""),
            (r#"{"map":"auto:21"}"#, "players up to 20"),
            (r#"{"map":"disc:17"}"#, "tiles up to 16"),
        ] {
            let sentence = wanted_within(&limits, json).expect_err("it is too much");
            assert!(sentence.contains(expected), "{json}: {sentence}");
        }
    }

    #[test]
    fn what_is_left_out_is_a_small_open_room() {
        let plain = wanted("{}").expect("all of it may be left out");
        assert_eq!((plain.tick_hz, plain.players_max, plain.house_bots), (30, 64, 0));
        assert_eq!(plain.place, Place::Generated(ArenaSpec::Tiles(64)));
        let all = r#"{"name":" Küche_2 ","private":true,"map":"disc:12","tick_hz":60,
            "players_max":8,"house_bots":7}"#;
        let all = wanted(all).expect("all of it is right");
        assert_eq!(all.name.as_deref(), Some("Küche_2"));
        assert_eq!((all.tick_hz, all.players_max, all.house_bots), (60, 8, 7));
    }

    #[test]
    fn what_cannot_be_is_named_with_what_could() {
        for (json, expected) in [
            (r#"{"name":""}"#, "1 to 24 bytes"),
            (r#"{"name":"a/b"}"#, "letters, digits"),
            (r#"{"name":"洞洞洞洞洞洞洞洞洞"}"#, "1 to 24 bytes"),
            (r#"{"name":"shit"}"#, "not for everybody"),
            (r#"{"tick_hz":9}"#, "tick_hz is 9, and must be 10 to 128"),
            (r#"{"players_max":0}"#, "players_max is 0, and must be 1 to 256"),
            (r#"{"players_max":4,"house_bots":4}"#, "house_bots is 4, and must be 0 to 3"),
            (r#"{"map":"/etc/passwd"}"#, "map must be \"default\""),
            (r#"{"map":"disc:400"}"#, "up to 128"),
            (r#"{"map":"auto:5000"}"#, "up to 256"),
            (r#"{"map":"1000"}"#, "up to \"256\""),
            (r#"{"nam":"x"}"#, "unknown field"),
        ] {
            let sentence = wanted(json).expect_err("it is wrong");
            assert!(sentence.contains(expected), "{json}: {sentence}");
        }
    }

    #[test]
    fn codes_are_drawn_from_letters_that_are_not_mistaken() {
        let codes: std::collections::BTreeSet<String> = (0..100).map(|_| draw_code()).collect();
        assert_eq!(codes.len(), 100, "because nobody is to guess one");
        for code in codes {
            assert_eq!(code.len(), ROOM_CODE_CHARS);
            assert!(!code.contains(['0', 'O', '1', 'I']), "{code}");
        }
    }
}
