//! Every way in which a ticket can be wrong, and the one in which it is right.

use super::*;

const SECRET: &str = "a secret of the login service of 40 bytes";
const NOW_S: u64 = 1_700_000_000;

fn tickets() -> Tickets {
    Tickets::new(Some(&AuthSecret::from(SECRET)))
}

/// A ticket as a login service would make it.
fn signed_with(algorithm: hmac::Algorithm, secret: &str, header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let key = hmac::Key::new(algorithm, secret.as_bytes());
    let signature = hmac::sign(&key, signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
}

fn signed(header: &str, claims: &str) -> String {
    signed_with(hmac::HMAC_SHA256, SECRET, header, claims)
}

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// Good claims, with some of them replaced or added.
fn claims(changes: &[(&str, serde_json::Value)]) -> String {
    let mut claims = serde_json::json!({
        "name": "Ada", "room": "arena", "aud": "throng", "exp": NOW_S + 20, "jti": "one",
    });
    for (key, value) in changes {
        claims[key] = value.clone();
    }
    claims.to_string()
}

fn named(judged: Result<Pass, BadTicket>) -> Result<Name, BadTicket> {
    judged.map(|pass| {
        assert!(!pass.operator, "because nobody said so");
        pass.name
    })
}

fn judged(ticket: &str) -> Result<String, BadTicket> {
    named(tickets().redeem(ticket, NOW_S)).map(Name::into_string)
}

#[test]
fn a_ticket_is_good_once_and_for_its_time() {
    let own = Tickets::new(None);
    let name = Name::parse("Ada").expect("it is a name");
    let ticket = own.issue(&name, "arena", NOW_S);
    assert!(ticket.len() <= TICKET_BYTES / 2, "because it has to fit into a Hello: {ticket}");
    assert_eq!(named(own.redeem(&ticket, NOW_S + 5)), Ok(name.clone()));
    assert_eq!(own.redeem(&ticket, NOW_S + 5), Err(BadTicket::TicketUsed));
    let late = own.issue(&name, "arena", NOW_S);
    let end_s = NOW_S + TICKET_S;
    assert_eq!(own.redeem(&late, end_s + 1), Err(BadTicket::TicketExpired));
    assert_eq!(named(own.redeem(&late, end_s)), Ok(name.clone()));
    assert_eq!(own.redeem(&late, end_s), Err(BadTicket::TicketUsed), "to its very end");
    let other = Tickets::new(None);
    let foreign = other.issue(&name, "arena", NOW_S);
    assert_eq!(own.redeem(&foreign, NOW_S), Err(BadTicket::TicketForged));
}

#[test]
fn whoever_signs_tickets_says_who_is_an_operator() {
    let operator = |ticket: &str| tickets().redeem(ticket, NOW_S).map(|pass| pass.operator);
    let claimed = claims(&[("operator", true.into())]);
    assert_eq!(operator(&signed(HEADER, &claimed)), Ok(true));
    assert_eq!(operator(&signed(HEADER, &claims(&[("operator", false.into())]))), Ok(false));
    assert_eq!(operator(&signed(HEADER, &claims(&[]))), Ok(false));
    let own = signed_with(hmac::HMAC_SHA256, "a secret of somebody who guesses", HEADER, &claimed);
    assert_eq!(operator(&own), Err(BadTicket::TicketForged));
    let text = claims(&[("operator", "true".into())]);
    assert_eq!(operator(&signed(HEADER, &text)), Err(BadTicket::TicketClaims));
    let name = Name::parse("Ada").expect("it is a name");
    let ticket = tickets().issue_to_operator(&name, "arena", NOW_S);
    assert!(ticket.len() <= TICKET_BYTES / 2, "because it has to fit into a Hello: {ticket}");
    assert_eq!(
        tickets().redeem(&ticket, NOW_S),
        Ok(Pass { name, room: Some("arena".to_owned()), operator: true })
    );
}

#[test]
fn operators_show_their_secret_and_no_other() {
    let own = Tickets::new(None);
    assert!(!own.is_operator(&AuthSecret::from(SECRET)) && !own.are_for_operators());
    let own = own.with_operator_secret(Some(AuthSecret::from(SECRET)));
    assert!(own.is_operator(&AuthSecret::from(SECRET)) && own.are_for_operators());
    for wrong in ["", "x", &SECRET[1..], &SECRET.to_uppercase(), &format!("{SECRET} ")] {
        assert!(!own.is_operator(&AuthSecret::from(wrong)), "{wrong}");
    }
    assert!(!format!("{own:?}").contains("secret of"));
}

#[test]
fn what_a_login_service_signs_is_taken() {
    for (header, changes) in [
        (HEADER, vec![]),
        (r#"{"typ":"JWT","alg":"HS256"}"#, vec![]),
        (r#"{"alg":"HS256"}"#, vec![("aud", serde_json::json!(["other", "throng"]))]),
        (r#"{"alg":"HS256","kid":"7"}"#, vec![("iat", (NOW_S + 30).into()), ("sub", 9.into())]),
        (HEADER, vec![("exp", (NOW_S - 30).into()), ("nbf", NOW_S.into())]),
        (HEADER, vec![("jti", "x".repeat(TICKET_ID_BYTES).into())]),
    ] {
        let ticket = signed(header, &claims(&changes));
        assert_eq!(judged(&ticket), Ok("Ada".to_owned()), "{header} {changes:?}");
    }
    let mut without_room: serde_json::Value =
        serde_json::from_str(&claims(&[])).expect("it is JSON");
    without_room.as_object_mut().expect("it is an object").remove("room");
    assert_eq!(judged(&signed(HEADER, &without_room.to_string())), Ok("Ada".to_owned()));
}

#[test]
fn a_ticket_that_is_signed_but_wrong_is_refused() {
    use BadTicket::*;
    for (key, value, expected) in [
        ("exp", serde_json::json!(NOW_S - 31), TicketExpired),
        ("exp", serde_json::json!(0), TicketExpired),
        ("exp", serde_json::json!(NOW_S + 331), TicketTooLasting),
        ("exp", serde_json::json!(u64::MAX), TicketTooLasting),
        ("exp", serde_json::json!(-5), TicketClaims),
        ("exp", serde_json::json!(1.5e9), TicketClaims),
        ("exp", serde_json::json!("1700000020"), TicketClaims),
        ("exp", serde_json::json!(null), TicketClaims),
        ("iat", serde_json::json!(NOW_S + 31), TicketFromTheFuture),
        ("nbf", serde_json::json!(NOW_S + 31), TicketFromTheFuture),
        ("aud", serde_json::json!("thron"), TicketForOthers),
        ("aud", serde_json::json!("throng "), TicketForOthers),
        ("aud", serde_json::json!([]), TicketForOthers),
        ("aud", serde_json::json!(null), TicketClaims),
        ("room", serde_json::json!(7), TicketClaims),
        ("name", serde_json::json!(""), TicketBadName),
        ("name", serde_json::json!("a\u{202e}b"), TicketBadName),
        ("name", serde_json::json!("a name that is too long"), TicketBadName),
        ("name", serde_json::json!(null), TicketClaims),
        ("jti", serde_json::json!(""), TicketClaims),
        ("jti", serde_json::json!("x".repeat(TICKET_ID_BYTES + 1)), TicketClaims),
        ("jti", serde_json::json!(null), TicketClaims),
    ] {
        let ticket = signed(HEADER, &claims(&[(key, value.clone())]));
        assert_eq!(judged(&ticket), Err(expected), "{key}: {value}");
    }
}

#[test]
fn a_ticket_that_is_not_signed_as_it_must_be_is_refused() {
    use BadTicket::*;
    let good = signed(HEADER, &claims(&[]));
    let (head, signature) = good.rsplit_once('.').expect("it has three parts");
    let forged_with = |header: &str| signed(header, &claims(&[]));
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let renamed = claims(&[("name", "Eve".into())]);
    let hs512 = r#"{"alg":"HS512","typ":"JWT"}"#;
    for (ticket, expected) in [
        (forged_with(r#"{"alg":"none","typ":"JWT"}"#), TicketAlgorithm),
        (format!("{}.{}.", part(r#"{"alg":"none"}"#), part(&claims(&[]))), TicketAlgorithm),
        (forged_with(hs512), TicketAlgorithm),
        (signed_with(hmac::HMAC_SHA512, SECRET, hs512, &claims(&[])), TicketAlgorithm),
        (signed_with(hmac::HMAC_SHA512, SECRET, HEADER, &claims(&[])), TicketForged),
        (forged_with(r#"{"alg":"RS256","typ":"JWT"}"#), TicketAlgorithm),
        (forged_with(r#"{"alg":"hs256","typ":"JWT"}"#), TicketAlgorithm),
        (forged_with(r#"{"alg":"HS256","typ":"JWE"}"#), TicketAlgorithm),
        (forged_with(r#"{"alg":"HS256","crit":["exp"]}"#), TicketAlgorithm),
        (forged_with(r#"{"alg":"HS256","alg":"HS256"}"#), TicketMalformed),
        (forged_with(r#"{"typ":"JWT"}"#), TicketMalformed),
        (forged_with(r#"{"alg":["HS256"]}"#), TicketMalformed),
        (forged_with("HS256"), TicketMalformed),
        (signed_with(hmac::HMAC_SHA256, "wrong", HEADER, &claims(&[])), TicketForged),
        (format!("{head}."), TicketForged),
        (format!("{head}.{}", &signature[..signature.len() - 3]), TicketForged),
        (format!("{head}.{}", part("0123456789abcdef0123456789abcdef")), TicketForged),
        (format!("{}.{}.{signature}", part(HEADER), part(&renamed)), TicketForged),
        (head.to_owned(), TicketMalformed),
        (format!("{good}.{signature}"), TicketMalformed),
        (format!("{good}="), TicketMalformed),
        (format!(" {good}"), TicketMalformed),
        (format!("{good}\n"), TicketMalformed),
        (good.replace('.', ""), TicketMalformed),
        (String::new(), TicketMalformed),
        ("..".to_owned(), TicketMalformed),
        ("a.b.c.d".to_owned(), TicketMalformed),
        ("ä.ö.ü".to_owned(), TicketMalformed),
        (signed(HEADER, "{"), TicketClaims),
        (signed(HEADER, "[]"), TicketClaims),
        (signed(HEADER, &claims(&[("more", "x".repeat(TICKET_BYTES).into())])), TicketTooLong),
    ] {
        assert_eq!(judged(&ticket), Err(expected), "{ticket:?}");
    }
}

#[test]
fn no_byte_of_a_ticket_can_be_changed() {
    let good = signed(HEADER, &claims(&[]));
    for index in 0..good.len() {
        for byte in [b'A', b'B', b'.', b'_'] {
            let mut changed = good.clone().into_bytes();
            changed[index] = byte;
            let changed = String::from_utf8(changed).expect("it is ASCII");
            assert!(changed == good || judged(&changed).is_err(), "{index}: {changed}");
        }
    }
}

#[test]
fn of_many_who_bring_one_ticket_at_once_one_gets_in() {
    let tickets = tickets();
    let ticket = signed(HEADER, &claims(&[]));
    let start = std::sync::Barrier::new(8);
    let taken = std::thread::scope(|scope| {
        let redeem = || {
            start.wait();
            tickets.redeem(&ticket, NOW_S).is_ok()
        };
        let all: Vec<_> = (0..8).map(|_| scope.spawn(redeem)).collect();
        all.into_iter().filter_map(|one| one.join().ok()).filter(|&taken| taken).count()
    });
    assert_eq!(taken, 1, "because a ticket is for one");
}

#[test]
fn the_example_in_the_documents_is_true() {
    let page = include_str!("../../../docs/protocol.md");
    let secret = "correct horse battery staple, twice over";
    let claims = r#"{"name":"Ada","room":"arena","aud":"throng","exp":1767225600,"iat":1767225570,"jti":"4f1c"}"#;
    let ticket = signed_with(hmac::HMAC_SHA256, secret, HEADER, claims);
    let python = r#"jwt.encode({"name": name, "aud": "throng", "iat": int(time()), "exp": int(time()) + 30, "jti": token_hex(16)}"#;
    for quoted in [secret, claims, HEADER, &ticket, python] {
        assert!(page.contains(quoted), "because a reader copies it: {quoted}");
    }
    let tickets = Tickets::new(Some(&AuthSecret::from(secret)));
    let name = named(tickets.redeem(&ticket, 1_767_225_600)).map(Name::into_string);
    assert_eq!(name, Ok("Ada".to_owned()));
}

#[test]
fn keys_are_not_shown() {
    let shown = format!("{:?} {:?}", AuthSecret::from(SECRET), tickets());
    assert!(!shown.contains("login service"), "{shown}");
}

#[test]
fn a_ticket_that_another_process_may_have_taken_is_not_taken_again() {
    const AHEAD: u64 = TICKET_AHEAD_S;
    const SKEW: u64 = TICKET_SKEW_S;
    let began_s = NOW_S - 100;
    let again = || tickets().since(began_s);
    let issued = |iat_s: u64| signed(HEADER, &claims(&[("iat", iat_s.into())]));
    let (before, soon) = (Some(BadTicket::TicketFromBefore), Some(BadTicket::TicketTooSoon));
    let future = Some(BadTicket::TicketFromTheFuture);
    // When it was issued, by the clock of its service, and brought, by ours; after the start.
    for (iat_s, now_s, expected) in [
        // Whatever the clock, these are of before.
        (began_s - SKEW - 1, began_s, before),
        (began_s - SKEW - 1, began_s + SKEW, before),
        // These may be of a clock that is behind, or used: whoever has another one comes again,
        (began_s - SKEW, began_s, soon),
        (began_s - 1, began_s + 1, soon),
        (began_s, began_s + AHEAD + SKEW, soon),
        // of a clock that is ahead,
        (began_s + AHEAD, began_s, soon),
        (began_s + AHEAD, began_s + AHEAD + SKEW, soon),
        // and who has no other by then has none.
        (began_s - 1, began_s + AHEAD + SKEW + 1, before),
        (began_s, began_s + AHEAD + SKEW + 1, before),
        (began_s + AHEAD, NOW_S, before),
        // By then those of all clocks are good.
        (began_s + AHEAD + 1, began_s + AHEAD + SKEW + 1, None),
        (began_s + AHEAD + 1, began_s + 1, None),
        (began_s + AHEAD + 1, NOW_S, None),
        (NOW_S + AHEAD, NOW_S, None),
        (NOW_S + AHEAD + 1, NOW_S, future),
    ] {
        let judged = again().redeem(&issued(iat_s), now_s).err();
        assert_eq!(judged, expected, "it began at {began_s}, that is of {iat_s}, at {now_s}");
        // Whatever one process takes, the next one does not.
        if judged.is_none() {
            for later_s in [0, 1, AHEAD, SKEW, SKEW + AHEAD + 1] {
                let next = tickets().since(now_s).redeem(&issued(iat_s), now_s + later_s);
                assert!(next.is_err(), "because it was used before: {next:?}");
            }
        }
    }
    let ageless = signed(HEADER, &claims(&[]));
    assert_eq!(again().redeem(&ageless, NOW_S), Err(BadTicket::TicketClaims));
    // What this process signs, nobody else does.
    let own = Tickets::new(None).since(NOW_S);
    let name = Name::parse("Ada").expect("it is a name");
    assert!(own.redeem(&own.issue(&name, "arena", NOW_S), NOW_S).is_ok());
}

/// When a client of a login service whose clock is behind by so much is let in after a start,
/// in seconds, if it brings a new ticket every three; and what it was told before.
fn let_in_after(behind_s: u64) -> (u64, Vec<BadTicket>) {
    let server = tickets().since(NOW_S);
    let mut told = Vec::new();
    for after_s in (0..120).step_by(3) {
        let issued = signed(HEADER, &claims(&[("iat", (NOW_S + after_s - behind_s).into())]));
        match server.redeem(&issued, NOW_S + after_s) {
            Ok(_) => return (after_s, told),
            Err(why) => told.push(why),
        }
    }
    panic!("it is never let in: {told:?}")
}

#[test]
fn a_login_service_whose_clock_is_behind_keeps_nobody_out() {
    for behind_s in 0..=TICKET_SKEW_S {
        let (after_s, told) = let_in_after(behind_s);
        assert!(told.iter().all(|it| *it == BadTicket::TicketTooSoon), "{behind_s}: {told:?}");
        let good_s = behind_s + TICKET_AHEAD_S + 1;
        assert!((good_s..good_s + 3).contains(&after_s), "{behind_s}: {after_s}");
    }
}

#[test]
fn tickets_of_this_server_are_good_for_as_long_as_was_set() {
    let own = Tickets::new(None).valid_for(7);
    let name = Name::parse("Ada").expect("it is a name");
    let ticket = || own.issue(&name, "arena", NOW_S);
    assert!(own.redeem(&ticket(), NOW_S + 7).is_ok());
    assert_eq!(own.redeem(&ticket(), NOW_S + 8), Err(BadTicket::TicketExpired));
}
