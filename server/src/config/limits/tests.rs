use std::ffi::OsString;

use clap::Parser;
use throng_shared::limits::{
    HELLO_BYTES, IDENTITY_BYTES, JSON_HELLO_BYTES, NAME_BYTES_MAX, ROOM_NAME_BYTES, SECRET_BYTES,
    TICKET_BYTES,
};
use throng_shared::wire::{ClientMessage, Hello, Identity, Resume, Secret, encode, json};

use super::table::ALL;
use super::*;

/// What an operator reads.
const SECURITY: &str = include_str!("../../../../docs/security.md");

#[derive(Debug, Parser)]
struct Flags {
    #[command(flatten)]
    limits: LimitSettings,
    #[command(flatten)]
    switched_off: SwitchedOff,
}

fn flag(name: &str) -> String {
    name.replace('_', "-")
}

fn new(settings: &LimitSettings) -> Result<Limits, String> {
    Limits::new(settings, SwitchedOff::default())
}

#[test]
fn every_limit_has_bounds_and_its_default_is_allowed() {
    let none = LimitSettings::default();
    let defaults = new(&none).expect("defaults are allowed");
    assert_eq!(defaults, Limits::default());
    let none_at_all = LimitSettings { frames_per_s: Some(0), ..none.clone() };
    let error = new(&none_at_all).expect_err("it is no rate");
    assert!(error.contains("frames-per-s is 0, and must be 10 to"), "{error}");
    for (limits, told) in [
        (LimitSettings { stall_timeout_ms: Some(1_000), ..none.clone() }, "1500 to 120000"),
        (LimitSettings { message_bytes: Some(1_025), ..none.clone() }, "928 to 1024"),
        (LimitSettings { json_message_bytes: Some(0), ..none.clone() }, "1632 to 4096"),
        (
            LimitSettings { calls_max: Some(9), ..none.clone() },
            "calls-max is 9, and must be 1 to 8",
        ),
        (LimitSettings { rooms_max: Some(65), ..none.clone() }, "must be 1 to 64"),
        (LimitSettings { watchers_max: Some(1_025), ..none.clone() }, "must be 0 to 1024"),
        (LimitSettings { events_max: Some(128), ..none.clone() }, "must be 129 to 4096"),
    ] {
        let error = new(&limits).expect_err("it is no limit");
        assert!(error.contains(told), "{error}");
    }
    let many = LimitSettings { connections_per_address: Some(10_241), ..none };
    let error = new(&many).expect_err("nobody has so many");
    assert!(error.contains("connections-per-address is 10241"), "{error}");
}

#[test]
fn the_longest_hello_fits_the_shortest_message_that_can_be_set() {
    let hello = Hello {
        version: u16::MAX,
        schema: u32::MAX,
        name: "n".repeat(NAME_BYTES_MAX),
        look: u8::MAX,
        ticket: "t".repeat(TICKET_BYTES),
        resume: Some(Resume { secret: Secret([255; SECRET_BYTES]), received: u32::MAX }),
        identity: Some(Identity([255; IDENTITY_BYTES])),
        room: "r".repeat(ROOM_NAME_BYTES),
        watch: false,
    };
    let hello = ClientMessage::Hello(hello);
    let [least, json_least] = [HELLO_BYTES, JSON_HELLO_BYTES].map(|bytes| bytes as u32);
    let set = |message_bytes, json_message_bytes| LimitSettings {
        message_bytes: Some(message_bytes),
        json_message_bytes: Some(json_message_bytes),
        ..LimitSettings::default()
    };
    let limits = new(&set(least, json_least)).expect("these are the least");
    assert!(encode(&hello).len() <= limits.message_bytes as usize);
    // As clients write it that escape whatever they can, and leave some space.
    let escaped = json::to_json(&hello).replace(",", ", ").replace(":", ": ");
    let escaped = escaped.replace("nn", "\\u006e\\u006e").replace("rr", "\\u0072\\u0072");
    assert!(escaped.contains("\\u0072\\u0072\"") && escaped.len() > json_least as usize - 128);
    assert!(escaped.len() <= limits.json_message_bytes as usize, "{}", escaped.len());
    assert!(json::read_client(&escaped).is_ok_and(|it| it == hello));
    for wrong in [set(least - 1, json_least), set(least, json_least - 1)] {
        assert!(new(&wrong).is_err_and(|error| error.contains("message-bytes is")));
    }
}

#[test]
fn whoever_gives_frames_a_second_alone_means_them_at_every_tick_rate() {
    let of = |frames_per_s, frames_per_tick| {
        let limits = LimitSettings { frames_per_s, frames_per_tick, ..LimitSettings::default() };
        new(&limits).map(|limits| (limits.frames_per_s, limits.frames_per_tick))
    };
    assert_eq!(of(None, None), Ok((300, 4)));
    assert_eq!(of(Some(500), None), Ok((500, 500)));
    assert_eq!(of(Some(500), Some(6)), Ok((500, 6)));
    assert_eq!(of(None, Some(6)), Ok((300, 6)));
}

#[test]
fn limits_that_belong_together_name_each_other_and_a_default_gives_way() {
    let none = LimitSettings::default();
    for (limits, told) in [
        (
            LimitSettings { calls_max: Some(8), asks_burst: Some(8), ..none.clone() },
            "calls-max is 8, and must be below asks-burst, which is 8.",
        ),
        (
            LimitSettings { made_bots_max: Some(20), made_players_max: Some(9), ..none.clone() },
            "made-bots-max is 20, and must be below made-players-max, which is 9.",
        ),
        (
            LimitSettings { joins_per_s: Some(70), accepts_per_s: Some(70), ..none.clone() },
            "joins-per-s is 70, and must be below accepts-per-s, which is 70.",
        ),
        (
            LimitSettings { ticket_s: Some(101), ..none.clone() },
            "ticket-s is 101, and must be at most 100 where pages-per-s is 500.",
        ),
        (
            LimitSettings { ticket_s: Some(31), pages_per_s: Some(9_000), ..none.clone() },
            "ticket-s is 31, and must be at most 30 where pages-per-s is 9000.",
        ),
    ] {
        assert_eq!(new(&limits), Err(told.to_owned()));
    }
    let slow = LimitSettings { ticket_s: Some(300), pages_per_s: Some(100), ..none.clone() };
    assert_eq!(new(&slow).map(|limits| limits.ticket_s), Ok(300));
    let few = LimitSettings { asks_burst: Some(5), made_players_max: Some(9), ..none };
    let limits = new(&few).expect("what was not given gives way");
    assert_eq!((limits.calls_max, limits.made_bots_max), (4, 8));
}

#[test]
fn every_limit_has_a_flag_a_variable_and_a_key() {
    for &(name, most) in ALL {
        let argument = OsString::from(format!("--{}={most}", flag(name)));
        let flags = Flags::try_parse_from([OsString::from("throng"), argument]);
        let mut flags = flags.unwrap_or_else(|error| panic!("{name}: {error}")).limits;
        let mut variables = LimitSettings::default();
        let variable = variables.of_variable(&name.to_ascii_uppercase());
        *variable.unwrap_or_else(|| panic!("{name} has no variable")) = Some(most);
        let file = toml::from_str(&format!("{} = {most}", flag(name)));
        let file: LimitSettings = file.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((&flags, &flags), (&variables, &file), "{name}");
        assert_eq!(LimitSettings::default().or(file), flags, "{name} of a file counts");
        assert_eq!(flags.of_variable(name), Some(&mut Some(most)));
        assert_ne!(flags, LimitSettings::default());
    }
}

#[test]
fn every_limit_stands_in_the_table_that_operators_read() {
    let table = SECURITY.lines().filter(|line| line.starts_with('|')).collect::<String>();
    for &(name, _) in ALL {
        let shown = format!("`--{}`", flag(name));
        assert!(table.contains(&shown), "docs/security.md says nothing of {shown}");
    }
    let all = SwitchedOff {
        address_caps: true,
        rate_limits: true,
        chat_limits: true,
        tls: true,
        ladder: true,
    };
    for (name, _) in all.flags() {
        assert!(SECURITY.contains(&format!("`--{name}`")), "docs/security.md lacks --{name}");
    }
}

#[test]
fn the_first_source_that_speaks_wins_and_variables_are_named_like_flags() {
    let mut variables = LimitSettings::default();
    *variables.of_variable("ACCEPTS_PER_S").expect("it is a limit") = Some(7);
    assert_eq!(variables.of_variable("ACCEPT_PER_S"), None, "because a typo is no limit");
    let file: LimitSettings =
        toml::from_str("accepts-per-s = 5\nbytes-per-s = 2048").expect("the file is whole");
    let both = variables.or(file);
    assert_eq!((both.accepts_per_s, both.bytes_per_s), (Some(7), Some(2048)));
    assert!(toml::from_str::<LimitSettings>("accept-per-s = 5").is_err());
}

#[test]
fn what_is_off_says_so() {
    let mut off = SwitchedOff::default();
    assert!(off.flags().is_empty());
    *off.of_variable("UNSAFE_PLAIN").expect("it is a switch") = true;
    assert_eq!(off.flags().iter().map(|(flag, _)| *flag).collect::<Vec<_>>(), ["unsafe-plain"]);
    *off.of_variable("UNSAFE_NO_CHAT_LIMITS").expect("it is a switch") = true;
    let limits = Limits::new(&LimitSettings::default(), off).expect("switches have no bounds");
    assert_eq!((limits.chat(), limits.ways()), (None, None));
    assert_eq!(limits.switched_off.flags().len(), 2);
    let flags = Flags::try_parse_from(["throng", "--unsafe-no-chat-limits"]).expect("it is a flag");
    assert!(flags.switched_off.chat_limits && flags.switched_off.or(off).tls);
}
