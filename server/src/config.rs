//! What `throng serve` is told: flags over environment over file over defaults.

use std::fmt::{self, Display};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ipnet::IpNet;
use serde::Deserialize;
use throng_shared::limits::{
    AUTH_SECRET_BYTES_MAX, AUTH_SECRET_BYTES_MIN, HOUSE_BOTS_MAX, LINK_HOLD_MS, MAP_TILES_MAX,
    MAP_TILES_MIN, NET_THREADS_MAX, OPERATOR_SECRET_BYTES_MAX, PLAYERS_MAX, PROXIES_MAX,
    ROOM_EMPTY_S, ROOM_EMPTY_S_MAX, ROOM_WORKERS_MAX, SESSION_MS, SESSION_S_MAX, TICK_HZ_MAX,
    TICK_HZ_MIN,
};

use crate::game::Game;
use crate::maps;
use crate::net::{Origin, Proxies, TlsFiles};
use crate::sim::Arena;
use crate::tickets::AuthSecret;

mod limits;

pub use limits::{LimitSettings, Limits, SwitchedOff};

/// The map that is played without any flag, part of the binary.
const DEFAULT_MAP: &str = include_str!("../../assets/maps/default.tmj");
/// The room that is there from the start, and always.
pub const ARENA: &str = "arena";
/// House bots that play where nobody says how many.
const HOUSE_BOTS: usize = 20;
/// Beginning of every environment variable that sets something.
const PREFIX: &str = "THRONG_";
/// Variables with the prefix that are no settings: the file, the log's filter, and
/// what the tests use.
const OTHER_VARIABLES: [&str; 4] = ["CONFIG", "LOG", "BIN", "CHROMIUM"];
/// Open tiles for each shard that lies around.
const TILES_A_SHARD: usize = 20;

/// Radius of a disc, in tiles: with the walls around, it has to be a map.
const DISC_MIN: i32 = MAP_TILES_MIN / 2;
const DISC_MAX: i32 = MAP_TILES_MAX / 2 - 1;

/// A generated arena, as `--arena` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArenaSpec {
    /// `N`: N × N tiles with blocks for cover.
    Tiles(i32),
    /// `auto:N`: the open field of the workload for N players, without shards.
    Auto(usize),
    /// `disc:R`: an open disc with a radius of R tiles, all of it in one view when R
    /// is small: the place for a crowd.
    Disc(i32),
}

impl Display for ArenaSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tiles(tiles) => tiles.fmt(f),
            Self::Auto(players) => write!(f, "auto:{players}"),
            Self::Disc(radius) => write!(f, "disc:{radius}"),
        }
    }
}

impl FromStr for ArenaSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "an arena is a number of tiles from {MAP_TILES_MIN} to {MAP_TILES_MAX}, \
                 or auto: and a number of players from 1 to {PLAYERS_MAX}, \
                 or disc: and a radius from {DISC_MIN} to {DISC_MAX} tiles"
            )
        };
        if let Some(players) = text.strip_prefix("auto:") {
            let players = players.parse().map_err(|_| wrong())?;
            let allowed = (1..=PLAYERS_MAX).contains(&players);
            return if allowed { Ok(Self::Auto(players)) } else { Err(wrong()) };
        }
        if let Some(radius) = text.strip_prefix("disc:") {
            let radius = radius.parse().map_err(|_| wrong())?;
            let allowed = (DISC_MIN..=DISC_MAX).contains(&radius);
            return if allowed { Ok(Self::Disc(radius)) } else { Err(wrong()) };
        }
        let tiles = text.parse().map_err(|_| wrong())?;
        let allowed = (MAP_TILES_MIN..=MAP_TILES_MAX).contains(&tiles);
        if allowed { Ok(Self::Tiles(tiles)) } else { Err(wrong()) }
    }
}

impl<'de> Deserialize<'de> for ArenaSpec {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Tiles(i32),
            Text(String),
        }
        match Either::deserialize(deserializer)? {
            Either::Tiles(tiles) => tiles.to_string(),
            Either::Text(text) => text,
        }
        .parse()
        .map_err(serde::de::Error::custom)
    }
}

/// Every setting that a flag, a variable or the file may give.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    pub listen: Option<SocketAddr>,
    pub tick_rate: Option<u32>,
    pub arena: Option<ArenaSpec>,
    pub map: Option<PathBuf>,
    pub house_bots: Option<usize>,
    pub seed: Option<u64>,
    pub net_threads: Option<usize>,
    pub room_workers: Option<usize>,
    pub rooms_fixed: Option<bool>,
    pub room_empty_s: Option<u64>,
    pub players_max: Option<usize>,
    pub allow_origin: Option<Vec<String>>,
    pub link_hold_s: Option<u64>,
    pub session_s: Option<u64>,
    pub auth_secret: Option<AuthSecret>,
    pub auth_secret_file: Option<PathBuf>,
    pub operator_secret: Option<AuthSecret>,
    pub operator_secret_file: Option<PathBuf>,
    pub data: Option<PathBuf>,
    pub trust_proxy: Option<Vec<IpNet>>,
    pub tls_cert: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    #[serde(default)]
    pub limits: LimitSettings,
    #[serde(default, rename = "unsafe")]
    pub switched_off: SwitchedOff,
}

impl Settings {
    /// Reads a settings file.
    ///
    /// # Errors
    /// A sentence that names the file and what is wrong in it.
    pub fn from_file(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("The config {} cannot be read: {error}.", path.display()))?;
        toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            let what = error.message().trim_end_matches('.').replace('\n', ", ");
            format!("The config {} is wrong in line {line}: {what}.", path.display())
        })
    }

    /// Reads the settings among environment variables: `THRONG_TICK_RATE` and so on.
    /// Gives the names with our prefix that mean nothing beside them.
    ///
    /// # Errors
    /// A sentence that names the variable and what is wrong with its value.
    pub fn from_variables(
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<(Self, Vec<String>), String> {
        fn parse<T: FromStr<Err: Display>>(name: &str, value: &str) -> Result<Option<T>, String> {
            value.parse().map(Some).map_err(|error| {
                format!("The variable {name} is {value:?}, which is wrong: {error}.")
            })
        }
        let mut settings = Self::default();
        let mut unknown = Vec::new();
        for (name, value) in variables {
            let Some(key) = name.strip_prefix(PREFIX) else { continue };
            match key {
                "LISTEN" => settings.listen = parse(&name, &value)?,
                "TICK_RATE" => settings.tick_rate = parse(&name, &value)?,
                "ARENA" => settings.arena = parse(&name, &value)?,
                "MAP" => settings.map = Some(PathBuf::from(value)),
                "HOUSE_BOTS" => settings.house_bots = parse(&name, &value)?,
                "SEED" => settings.seed = parse(&name, &value)?,
                "NET_THREADS" => settings.net_threads = parse(&name, &value)?,
                "ROOM_WORKERS" => settings.room_workers = parse(&name, &value)?,
                "ROOMS_FIXED" => settings.rooms_fixed = parse(&name, &value)?,
                "ROOM_EMPTY_S" => settings.room_empty_s = parse(&name, &value)?,
                "PLAYERS_MAX" => settings.players_max = parse(&name, &value)?,
                "ALLOW_ORIGIN" => {
                    settings.allow_origin = Some(value.split(',').map(str::to_owned).collect());
                }
                "LINK_HOLD_S" => settings.link_hold_s = parse(&name, &value)?,
                "SESSION_S" => settings.session_s = parse(&name, &value)?,
                // No error may repeat it.
                "AUTH_SECRET" => settings.auth_secret = Some(AuthSecret::new(value)),
                "AUTH_SECRET_FILE" => settings.auth_secret_file = Some(PathBuf::from(value)),
                "OPERATOR_SECRET" => settings.operator_secret = Some(AuthSecret::new(value)),
                "OPERATOR_SECRET_FILE" => {
                    settings.operator_secret_file = Some(PathBuf::from(value));
                }
                "DATA" => settings.data = Some(PathBuf::from(value)),
                "TRUST_PROXY" => {
                    let networks = value.split(',').map(|it| parse(&name, it.trim()));
                    settings.trust_proxy = networks.collect::<Result<_, _>>()?;
                }
                "TLS_CERT" => settings.tls_cert = Some(PathBuf::from(value)),
                "TLS_KEY" => settings.tls_key = Some(PathBuf::from(value)),
                other if OTHER_VARIABLES.contains(&other) => {}
                other => {
                    if let Some(limit) = settings.limits.of_variable(other) {
                        *limit = parse(&name, &value)?;
                    } else if let Some(switch) = settings.switched_off.of_variable(other) {
                        *switch = parse(&name, &value)?.unwrap_or_default();
                    } else {
                        unknown.push(name);
                    }
                }
            }
        }
        Ok((settings, unknown))
    }

    /// These settings, completed by others where they say nothing.
    #[must_use]
    pub fn or(self, other: Settings) -> Settings {
        // A file's map must not hide a flag's arena, nor the other way round.
        let placed = self.arena.is_some() || self.map.is_some();
        let (arena, map) = if placed { (self.arena, self.map) } else { (other.arena, other.map) };
        // Nor a file's secret the other way to give one.
        let secret = |one: (Option<AuthSecret>, Option<PathBuf>), other| {
            if one.0.is_some() || one.1.is_some() { one } else { other }
        };
        let (auth_secret, auth_secret_file) = secret(
            (self.auth_secret, self.auth_secret_file),
            (other.auth_secret, other.auth_secret_file),
        );
        let (operator_secret, operator_secret_file) = secret(
            (self.operator_secret, self.operator_secret_file),
            (other.operator_secret, other.operator_secret_file),
        );
        Settings {
            listen: self.listen.or(other.listen),
            tick_rate: self.tick_rate.or(other.tick_rate),
            arena,
            map,
            house_bots: self.house_bots.or(other.house_bots),
            seed: self.seed.or(other.seed),
            net_threads: self.net_threads.or(other.net_threads),
            room_workers: self.room_workers.or(other.room_workers),
            rooms_fixed: self.rooms_fixed.or(other.rooms_fixed),
            room_empty_s: self.room_empty_s.or(other.room_empty_s),
            players_max: self.players_max.or(other.players_max),
            allow_origin: self.allow_origin.or(other.allow_origin),
            link_hold_s: self.link_hold_s.or(other.link_hold_s),
            session_s: self.session_s.or(other.session_s),
            auth_secret,
            auth_secret_file,
            operator_secret,
            operator_secret_file,
            data: self.data.or(other.data),
            trust_proxy: self.trust_proxy.or(other.trust_proxy),
            tls_cert: self.tls_cert.or(other.tls_cert),
            tls_key: self.tls_key.or(other.tls_key),
            limits: self.limits.or(other.limits),
            switched_off: self.switched_off.or(other.switched_off),
        }
    }
}

/// Where lives are spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The map in the binary.
    BuiltIn,
    File(PathBuf),
    Generated(ArenaSpec),
}

/// A complete, valid configuration of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub listen: SocketAddr,
    pub tick_hz: u32,
    pub place: Place,
    pub house_bots: usize,
    pub seed: u64,
    pub net_threads: usize,
    pub room_workers: usize,
    /// Whether players may make no rooms.
    pub rooms_fixed: bool,
    /// How long a room that was made stays without anybody, in seconds.
    pub room_empty_s: u64,
    pub players_max: usize,
    pub origins: Vec<Origin>,
    /// How long the glider of a lost connection stays, and how long its session waits, in
    /// milliseconds.
    pub link_hold_ms: u64,
    pub session_ms: u64,
    /// What the operator's login service signs tickets with.
    pub auth_secret: Option<AuthSecret>,
    /// What operators show to get their tickets here.
    pub operator_secret: Option<AuthSecret>,
    /// Where scores, players, bans and the key of identities are kept; in memory if nowhere.
    pub data: Option<PathBuf>,
    pub proxies: Proxies,
    pub tls: Option<TlsFiles>,
    pub limits: Limits,
    /// A room crashes, or stands still: rehearsals.
    pub panic_at: Option<Rehearsal>,
    pub stall_at: Option<Rehearsal>,
    /// What is played. No setting: a program of one's own puts it here.
    pub game: Game,
}

/// A fault that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehearsal {
    pub room: String,
    pub tick: u32,
    /// How long it lasts, in milliseconds, if it does; of a panic, how late its report is
    /// written.
    pub ms: u64,
}

impl FromStr for Rehearsal {
    type Err = String;

    /// `TICK`, `ROOM:TICK` or `ROOM:TICK:MS`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |_| "a rehearsal is TICK, ROOM:TICK or ROOM:TICK:MS".to_owned();
        let mut parts = text.split(':');
        let first = parts.next().unwrap_or_default();
        let Some(tick) = parts.next() else {
            let tick = first.parse().map_err(wrong)?;
            return Ok(Self { room: ARENA.to_owned(), tick, ms: 0 });
        };
        let ms = parts.next().unwrap_or("0").parse().map_err(wrong)?;
        Ok(Self { room: first.to_owned(), tick: tick.parse().map_err(wrong)?, ms })
    }
}

impl Config {
    /// The configuration that settings mean, with defaults where they say nothing.
    ///
    /// # Errors
    /// A sentence that names the setting that is out of bounds.
    pub fn new(settings: Settings) -> Result<Self, String> {
        let bounded = |name: &str, value: usize, least: usize, most: usize| {
            if (least..=most).contains(&value) {
                Ok(value)
            } else {
                Err(format!("{name} is {value}, and must be {least} to {most}."))
            }
        };
        let place = match (settings.arena, settings.map) {
            (Some(_), Some(_)) => {
                return Err("Only one of arena and map can be given.".to_owned());
            }
            (Some(arena), None) => Place::Generated(arena),
            (None, Some(map)) => Place::File(map),
            (None, None) => Place::BuiltIn,
        };
        let tick_hz = settings.tick_rate.unwrap_or(30);
        bounded("tick-rate", tick_hz as usize, TICK_HZ_MIN as usize, TICK_HZ_MAX as usize)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let net_threads = settings.net_threads.unwrap_or((cores / 2).clamp(1, 8));
        let players_max = settings.players_max.unwrap_or(PLAYERS_MAX);
        // Unless asked otherwise, house bots leave room for people.
        let house_bots = settings.house_bots.unwrap_or(HOUSE_BOTS.min(players_max / 2));
        bounded("net-threads", net_threads, 1, NET_THREADS_MAX)?;
        let room_workers = settings.room_workers.unwrap_or(cores.clamp(1, 8));
        bounded("room-workers", room_workers, 1, ROOM_WORKERS_MAX)?;
        let room_empty_s = settings.room_empty_s.unwrap_or(ROOM_EMPTY_S);
        bounded("room-empty-s", room_empty_s as usize, 1, ROOM_EMPTY_S_MAX as usize)?;
        bounded("players-max", players_max, 1, PLAYERS_MAX)?;
        bounded("house-bots", house_bots, 0, HOUSE_BOTS_MAX)?;
        let session_s = settings.session_s.unwrap_or(SESSION_MS / 1000);
        let link_hold_s = settings.link_hold_s.unwrap_or(session_s.min(LINK_HOLD_MS / 1000));
        bounded("session-s", session_s as usize, 1, SESSION_S_MAX as usize)?;
        if !(1..=session_s).contains(&link_hold_s) {
            return Err(format!(
                "link-hold-s is {link_hold_s}, and must be 1 to session-s, which is {session_s}."
            ));
        }
        if house_bots >= players_max {
            return Err(format!(
                "house-bots is {house_bots}, and must be below players-max, which is {players_max}."
            ));
        }
        let origins = settings.allow_origin.unwrap_or_default().into_iter().map(|text| {
            text.parse().map_err(|error| format!("allow-origin is {text:?}, and {error}."))
        });
        let origins = origins.collect::<Result<_, String>>()?;
        let networks = settings.trust_proxy.unwrap_or_default();
        bounded("trust-proxy", networks.len(), 0, PROXIES_MAX)?;
        let tls = match (settings.tls_cert, settings.tls_key) {
            (Some(cert), Some(key)) => Some(TlsFiles { cert, key }),
            (None, None) => None,
            (Some(_), None) => return Err("tls-cert needs tls-key beside it.".to_owned()),
            (None, Some(_)) => return Err("tls-key needs tls-cert beside it.".to_owned()),
        };
        let listen = settings.listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080)));
        let is_heard = tls.is_none() && !listen.ip().to_canonical().is_loopback();
        if is_heard && !settings.switched_off.tls {
            return Err(format!(
                "listen is {listen}, where others can hear what is said: give tls-cert and \
                 tls-key, or unsafe-plain if a proxy in front speaks TLS or nobody can listen in."
            ));
        }
        let limits = Limits::new(&settings.limits, settings.switched_off)?;
        Ok(Self {
            listen,
            tick_hz,
            place,
            house_bots,
            seed: settings.seed.unwrap_or(1),
            net_threads,
            room_workers,
            rooms_fixed: settings.rooms_fixed.unwrap_or_default(),
            room_empty_s,
            players_max,
            origins,
            proxies: Proxies::new(networks),
            tls,
            limits,
            panic_at: None,
            game: Game::default(),
            stall_at: None,
            link_hold_ms: link_hold_s * 1000,
            session_ms: session_s * 1000,
            auth_secret: secret(
                ("auth-secret", AUTH_SECRET_BYTES_MAX),
                settings.auth_secret,
                settings.auth_secret_file,
            )?,
            operator_secret: secret(
                ("operator-secret", OPERATOR_SECRET_BYTES_MAX),
                settings.operator_secret,
                settings.operator_secret_file,
            )?,
            data: settings.data,
        })
    }

    /// Builds the arena, and says how many shards lie in it.
    ///
    /// # Errors
    /// A sentence that names the file or the setting, and the cause.
    pub fn arena(&self) -> Result<(Arena, usize), String> {
        self.place.arena(self.seed)
    }
}

impl Place {
    /// Builds an arena here, and says how many shards lie in it.
    ///
    /// # Errors
    /// A sentence that names the file or the setting, and the cause.
    pub fn arena(&self, seed: u64) -> Result<(Arena, usize), String> {
        let shards = |arena: &Arena| {
            (arena.map().open_tiles() / TILES_A_SHARD).min(throng_shared::limits::SHARDS_MAX / 2)
        };
        let arena = match self {
            Place::BuiltIn => maps::parse(DEFAULT_MAP)
                .map_err(|error| format!("The built-in map cannot be used: {error}."))?,
            Place::File(path) => maps::load(path)
                .map_err(|error| format!("The map {} cannot be used: {error}.", path.display()))?,
            Place::Generated(ArenaSpec::Tiles(tiles)) => maps::pillars(*tiles, seed)
                .map_err(|error| format!("The arena of {tiles} tiles cannot be made: {error}."))?,
            Place::Generated(ArenaSpec::Disc(radius)) => {
                let arena = maps::disc(*radius, seed)
                    .map_err(|error| format!("The arena disc:{radius} cannot be made: {error}."))?;
                return Ok((arena, 0));
            }
            Place::Generated(ArenaSpec::Auto(players)) => {
                let arena = maps::open_field(*players, seed).map_err(|error| {
                    format!("The arena auto:{players} cannot be made: {error}.")
                })?;
                return Ok((arena, 0));
            }
        };
        let count = shards(&arena);
        Ok((arena, count))
    }
}

/// The secret that was given or is in the file that was named.
fn secret(
    (name, bytes_max): (&str, usize),
    given: Option<AuthSecret>,
    file: Option<PathBuf>,
) -> Result<Option<AuthSecret>, String> {
    let (source, secret) = match (given, file) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(format!("Only one of {name} and {name}-file can be given."));
        }
        (Some(secret), None) => (name.to_owned(), secret),
        (None, Some(path)) => {
            let path_text = path.display().to_string();
            let text = std::fs::read_to_string(path)
                .map_err(|error| format!("The secret in {path_text} cannot be read: {error}."))?;
            let line = text.strip_suffix('\n').unwrap_or(&text);
            let line = line.strip_suffix('\r').unwrap_or(line);
            (format!("The secret in {path_text}"), AuthSecret::from(line))
        }
    };
    let len = secret.len();
    if !(AUTH_SECRET_BYTES_MIN..=bytes_max).contains(&len) {
        return Err(format!(
            "{source} has {len} bytes, and must have {AUTH_SECRET_BYTES_MIN} to {bytes_max}."
        ));
    }
    Ok(Some(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_source_that_speaks_wins() {
        let flags =
            Settings { tick_rate: Some(60), arena: "64".parse().ok(), ..Settings::default() };
        let file: Settings =
            toml::from_str("tick-rate = 20\nseed = 7\nmap = \"x.tmj\"").expect("the file is whole");
        let config = Config::new(flags.or(file)).expect("all settings are allowed");
        assert_eq!((config.tick_hz, config.seed), (60, 7));
        assert_eq!(config.place, Place::Generated(ArenaSpec::Tiles(64)));
    }

    #[test]
    fn settings_out_of_bounds_are_named() {
        let settings = Settings { tick_rate: Some(500), ..Settings::default() };
        assert!(Config::new(settings).is_err_and(|error| error.contains("tick-rate")));
        for wrong in ["", "auto:", "auto:0", "-5", "7", "2000", "auto:99999", "12x", "disc:3"] {
            assert!(wrong.parse::<ArenaSpec>().is_err(), "because {wrong:?} names no arena");
        }
    }

    #[test]
    fn an_arena_is_written_as_it_is_read() {
        for text in ["64", "auto:200", "disc:8"] {
            let arena: ArenaSpec = text.parse().expect("an arena");
            assert_eq!(arena.to_string(), text);
        }
    }

    #[test]
    fn variables_are_settings_and_strangers_are_told() {
        let variables = [("THRONG_SEED", "9"), ("THRONG_TICKRATE", "30"), ("HOME", "x")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (settings, unknown) =
            Settings::from_variables(variables.into_iter()).expect("the values are numbers");
        assert_eq!(settings.seed, Some(9));
        assert_eq!(unknown, ["THRONG_TICKRATE"], "because a typo must not pass in silence");
        let wrong = [("THRONG_SEED".to_owned(), "many".to_owned())];
        let error = Settings::from_variables(wrong.into_iter()).expect_err("it is no number");
        assert!(error.contains("THRONG_SEED") && error.contains("many"), "{error}");
    }

    #[test]
    fn a_secret_is_long_enough_and_no_error_shows_it() {
        let short = Settings { auth_secret: Some("hush".into()), ..Settings::default() };
        let error = Config::new(short).expect_err("four bytes are guessed");
        assert!(error.contains("auth-secret has 4 bytes") && !error.contains("hush"), "{error}");
        let long = "x".repeat(AUTH_SECRET_BYTES_MIN);
        let variable = [("THRONG_AUTH_SECRET".to_owned(), long.clone())];
        let (variables, _) =
            Settings::from_variables(variable.into_iter()).expect("it is a secret");
        assert!(!format!("{variables:?}").contains(&long));
        let file: Settings =
            toml::from_str("auth-secret-file = \"/nowhere\"").expect("it is a path");
        let config = Config::new(variables.or(file.clone())).expect("the variable wins");
        assert_eq!(config.auth_secret, Some(AuthSecret::new(long.clone())));
        let error = Config::new(file).expect_err("there is no such file");
        assert!(error.contains("/nowhere"), "{error}");
        let both = Settings { auth_secret: Some(AuthSecret::new(long)), ..Settings::default() };
        let both = Settings { auth_secret_file: Some("x".into()), ..both };
        assert!(Config::new(both).is_err_and(|error| error.contains("Only one")));
    }

    #[test]
    fn a_glider_stays_no_longer_than_its_session() {
        let short = Settings { session_s: Some(3), ..Settings::default() };
        let config = Config::new(short.clone()).expect("three seconds are allowed");
        assert_eq!((config.link_hold_ms, config.session_ms), (3_000, 3_000));
        for wrong in [
            Settings { link_hold_s: Some(4), ..short },
            Settings { link_hold_s: Some(0), ..Settings::default() },
            Settings { session_s: Some(0), ..Settings::default() },
            Settings { session_s: Some(3_601), ..Settings::default() },
        ] {
            assert!(Config::new(wrong).is_err_and(|error| error.contains("-s is ")));
        }
    }

    #[test]
    fn house_bots_leave_room_for_people() {
        let few = Settings { players_max: Some(5), ..Settings::default() };
        assert_eq!(Config::new(few.clone()).map(|config| config.house_bots), Ok(2));
        let full = Settings { house_bots: Some(5), ..few };
        assert!(Config::new(full).is_err_and(|error| error.contains("house-bots")));
    }

    #[test]
    fn an_unknown_key_in_the_file_is_an_error() {
        assert!(toml::from_str::<Settings>("tick-rat = 30").is_err());
    }

    #[test]
    fn the_built_in_map_is_an_arena() {
        let config = Config::new(Settings::default()).expect("defaults are allowed");
        let (arena, shards) = config.arena().expect("the map is whole");
        assert!(arena.spawns().len() >= 8 && shards > 0, "because a game needs both");
    }
}
