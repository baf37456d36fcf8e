use super::*;

fn stage(text: &str) -> Stage {
    text.parse().unwrap_or_else(|error| panic!("{text} is right: {error}"))
}

fn profile(texts: &[&str]) -> Profile {
    Profile::new(texts.iter().map(|text| stage(text)).collect()).expect("the stages are right")
}

fn s(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

#[test]
fn a_stage_grows_or_holds() {
    assert_eq!(stage("30s:0..500"), Stage { length: s(30.0), from: 0, to: 500 });
    assert_eq!(stage(" 1.5m:500 "), Stage { length: s(90.0), from: 500, to: 500 });
    assert_eq!(stage("250ms:9..3").length, s(0.25));
    assert_eq!(stage("24h:1").length, LENGTH_MAX);
}

#[test]
fn what_is_written_reads_back() {
    for text in ["30s:0..500", "1m:500", "2h:7", "1500ms:3..1", "24h:100000"] {
        assert_eq!(stage(text).to_string(), text);
    }
    assert_eq!(stage("60s:5..5").to_string(), "1m:5");
    assert_eq!(profile(&["30s:0..5", "60s:5"]).to_string(), "30s:0..5,1m:5");
}

#[test]
fn an_error_tells_where_and_what_would_be_right() {
    let error = |text: &str| {
        let error = text.parse::<Stage>().expect_err("the text is wrong");
        error.to_string().lines().next().map(str::to_owned).unwrap_or_default()
    };
    let cases = [
        ("", "at 1: a stage begins with its length, such as 30s, but the text ends"),
        ("x", "at 1: a stage begins with its length, such as 30s, but there is `x`"),
        ("1.2.3s:4", "at 1: a stage begins with its length, such as 30s, but there is `1.2.3s:4`"),
        ("30:5", "at 3: the length 30 needs one of the units ms, s, m, h, but the text ends"),
        ("30d:5", "at 3: the length 30 needs one of the units ms, s, m, h, but there is `d`"),
        ("0s:5", "at 1: a stage lasts from 1ms to 24h, and not 0s"),
        ("25h:5", "at 1: a stage lasts from 1ms to 24h, and not 25h"),
        ("30s", "at 4: a colon and players follow the length, as in 30s:500, but the text ends"),
        ("30s 5", "at 4: a colon and players follow the length, as in 30s:500, but there is ` 5`"),
        (
            "30s:",
            "at 5: a number of players belongs here, such as 500, or 0..500 to grow, but the text ends",
        ),
        (
            "30s:5..x",
            "at 8: a number of players belongs here, such as 500, or 0..500 to grow, but there is `x`",
        ),
        ("30s:5..100001", "at 8: 100001 players are too many: 100000 are the most"),
        (
            "30s:99999999999999999999",
            "at 5: 99999999999999999999 players are too many: 100000 are the most",
        ),
        ("30s:5.x", "at 6: a stage ends after its players, but there is `.x`"),
    ];
    for (text, expected) in cases {
        assert_eq!(error(text), expected, "because {text:?} is wrong there");
    }
}

#[test]
fn players_follow_the_stages() {
    let profile = profile(&["10s:0..100", "20s:100", "10s:50..0"]);
    assert_eq!((profile.length(), profile.players_max()), (s(40.0), 100));
    let at = |seconds| (profile.players_at(s(seconds)), profile.stage_at(s(seconds)));
    assert_eq!(at(0.0), (0, Some(0)));
    assert_eq!(at(5.0), (50, Some(0)));
    assert_eq!(at(9.999), (100, Some(0)));
    assert_eq!(at(10.0), (100, Some(1)), "because a stage ends where the next begins");
    assert_eq!(at(30.0), (50, Some(2)), "because a stage may begin with a jump");
    assert_eq!(at(35.0), (25, Some(2)));
    assert_eq!(at(40.0), (0, None));
    assert_eq!(at(1e6), (0, None));
}

#[test]
fn ready_made_profiles_last_as_long_as_asked() {
    let spike = Profile::spike(400, s(44.0)).expect("a spike can be");
    assert_eq!(spike.to_string(), "10s:100,2s:100..400,20s:400,2s:400..100,10s:100");
    for length in [s(1.0), s(7.3), s(3600.0), LENGTH_MAX] {
        for made in [Profile::steady, Profile::spike, Profile::soak] {
            let profile = made(1001, length).expect("the length is within bounds");
            assert_eq!((profile.length(), profile.players_max()), (length, 1001));
            assert_eq!(profile.stage_at(length), None);
        }
    }
    let soak = |seconds| Profile::soak(500, s(seconds)).expect("a soak can be").to_string();
    assert_eq!(soak(100.0), "10s:0..500,90s:500");
    assert_eq!(soak(3600.0), "1m:0..500,59m:500");
    let single = Profile::spike(1, s(44.0)).expect("one player can be");
    assert_eq!(single.players_at(s(1.0)), 1, "because a quarter of one is one");
}

#[test]
fn a_profile_has_bounds() {
    let error = |profile: Result<Profile, ProfileError>| {
        profile.expect_err("it is out of bounds").to_string()
    };
    assert!(error(Profile::new(vec![])).contains("at least one stage"));
    assert!(error(Profile::steady(0, s(5.0))).contains("no stage has any players"));
    assert!(error(Profile::soak(100_001, s(5.0))).contains("100000 are the most"));
    assert!(error(Profile::spike(5, s(0.5))).contains("lasts 500ms"));
    assert!(error(Profile::spike(5, Duration::MAX)).contains("24h are the most"));
    let twice = vec![stage("20h:1"), stage("300m:1")];
    assert!(error(Profile::new(twice)).contains("last 25h together"));
}
