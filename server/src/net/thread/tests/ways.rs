//! Ways between rooms and between connections: what becomes of calls, of those who are sent
//! away, and of those who ask too often.

use super::*;

/// A player whom another room has taken in, and who waits for an answer of the one before;
/// that room, and the connection.
fn between_rooms() -> (Rig, Vec<Player>, RoomLink, ConnId) {
    let (mut rig, mut players) = one();
    let directory = Arc::clone(&rig.threads[0].options.directory);
    let mut next = directory.open(Listing::sole("next")).expect("a place is free");
    // Nobody departs before its other calls are answered, and this one never is.
    let (to, text) = (Audience::Room, "farewell".to_owned());
    players[0].say(&ClientMessage::Ask { call: 1, ask: Ask::Say { to, text } });
    let room = "next".to_owned();
    players[0].say(&ClientMessage::Ask { call: 2, ask: Ask::Go { room } });
    rig.settle(&mut players);
    let mut asked = Vec::new();
    next.drain(usize::MAX, |control| asked.push(control), |_| {});
    let [Control::Join { conn, .. }] = asked[..] else {
        panic!("because it wants to come in: {asked:?}")
    };
    next.post(conn.thread, joined(conn, NetId(7)));
    publish(&mut next, rig.grid, Tick(1));
    rig.settle(&mut players);
    assert_eq!(rig.conns.len(), 1, "because it is still there as well");
    (rig, players, next, conn)
}

#[test]
fn who_is_on_the_way_to_a_room_that_crashes_leaves_no_glider_behind() {
    let (mut rig, mut players, next, _) = between_rooms();
    // As one that panics.
    drop(next);
    rig.threads.iter_mut().for_each(NetThread::leave_rooms_that_ended);
    rig.settle(&mut players);
    assert_eq!(players[0].closed, Some(CloseCode::RoomCrashed.number()));
    assert!(rig.conns.is_empty(), "because its session is over: {:?}", rig.conns);
    assert_eq!(rig.slots(), 0, "because nothing is left behind");
}

/// What a room that is not the rig's was asked.
fn asked(room: &mut RoomLink) -> Vec<Control> {
    let mut asked = Vec::new();
    room.drain(usize::MAX, |control| asked.push(control), |_| {});
    asked
}

fn answers(player: &Player) -> Vec<&str> {
    player.heard.iter().map(String::as_str).filter(|heard| heard.contains(':')).collect()
}

fn answer(conn: ConnId, call: u32, outcome: Outcome) -> Mail {
    let is_fault = outcome != Outcome::Done;
    let message = encode(&Event::Answer { call, outcome }).into();
    Mail::Answer { conn, call, is_fault, message }
}

#[test]
fn a_call_whose_room_was_left_by_a_cut_is_answered_and_only_once() {
    let (mut rig, mut players, mut next, conn) = between_rooms();
    players[0].link = None;
    rig.settle(&mut players);
    // Too late.
    rig.link.post(conn.thread, answer(conn, 1, Outcome::Done));
    players[0].you = Some(NetId(7));
    rig.connect(&mut players[0], WHOLE);
    rig.settle(&mut players);
    let [Control::Detach { .. }, Control::Rebind { from, to }] = asked(&mut next)[..] else {
        panic!("because the session is there, and comes back there")
    };
    next.post(from.thread, Mail::Moved { conn: from, to });
    next.post(to.thread, joined(to, NetId(7)));
    // What is taken over at one tick is written at the next.
    for tick in 2..4 {
        publish(&mut next, rig.grid, Tick(tick));
        rig.settle(&mut players);
    }
    assert_eq!(players[0].resumes, 1, "because nothing is lost");
    assert_eq!(answers(&players[0]), ["2: Done", "1: Busy"]);
    let seats = rig.threads.iter().flat_map(|thread| &thread.slots);
    let waiting: usize =
        seats.filter_map(|slot| Some(slot.seat.as_ref()?.calls.unanswered())).sum();
    assert_eq!(waiting, 0, "because calls that wait for nothing keep nobody from the next");
}

#[test]
fn a_call_whose_room_never_answers_is_answered_when_it_is_left() {
    let (mut rig, mut players, mut next, conn) = between_rooms();
    players[0].you = Some(NetId(7));
    // A settling is 20 turns of 20 ms, and an old room has five seconds.
    (0..15).for_each(|_| rig.settle(&mut players));
    rig.link.post(conn.thread, answer(conn, 1, Outcome::Done));
    rig.settle(&mut players);
    publish(&mut next, rig.grid, Tick(2));
    rig.settle(&mut players);
    assert!(players[0].link.is_some());
    assert_eq!(answers(&players[0]), ["2: Done", "1: Busy"]);
}

#[test]
fn a_way_that_is_cut_before_its_end_is_answered() {
    let (mut rig, mut players) = one();
    let directory = Arc::clone(&rig.threads[0].options.directory);
    let mut next = directory.open(Listing::sole("next")).expect("a place is free");
    let room = "next".to_owned();
    players[0].say(&ClientMessage::Ask { call: 1, ask: Ask::Go { room } });
    rig.settle(&mut players);
    players[0].link = None;
    rig.settle(&mut players);
    assert!(matches!(asked(&mut next)[..], [Control::Join { .. }, Control::Leave { .. }]));
    rig.connect(&mut players[0], WHOLE);
    rig.settle(&mut players);
    assert_eq!((players[0].joins, players[0].resumes), ((1, 0), 1));
    assert_eq!(answers(&players[0]), ["1: Busy"]);
}

#[test]
fn who_is_sent_away_while_another_connection_takes_over_is_sent_away_there() {
    for is_claimed_before in [true, false] {
        let mut rig = Rig::new(1, 1);
        let mut players = vec![Player::new()];
        rig.connect(&mut players[0], WHOLE);
        rig.settle(&mut players);
        let conn = *rig.conns.keys().next().expect("it plays");
        let older = players[0].link.take();
        players.push(Player { link: older, ..Player::new() });
        rig.connect(&mut players[0], WHOLE);
        let thread = &mut rig.threads[0];
        thread.take_newborns();
        thread.read_all();
        if is_claimed_before {
            thread.take_words();
        }
        let (code, reason) = (CloseCode::Kicked, "enough".to_owned());
        rig.link.post(conn.thread, Mail::Expel { conn, code, reason });
        rig.tick = rig.tick.next();
        publish(&mut rig.link, rig.grid, rig.tick);
        let publication = thread.wait(Instant::now()).expect("a tick was published");
        thread.take_publications(publication);
        thread.take_words();
        (0..5).for_each(|_| rig.settle(&mut players));
        assert_eq!(players[0].closed, Some(CloseCode::Kicked.number()), "{is_claimed_before}");
        assert!(rig.conns.is_empty() && rig.slots() == 0, "because nothing goes on");
    }
}

#[test]
fn who_is_banned_meanwhile_does_not_come_back_with_its_session() {
    let (mut rig, mut players) = one();
    let player = PlayerId(5);
    for slot in rig.threads.iter_mut().flat_map(|thread| &mut thread.slots) {
        slot.seat.iter_mut().for_each(|seat| seat.entrant.who.player = player);
    }
    players[0].link = None;
    rig.settle(&mut players);
    let (until_s, reason, operator) = (4_000_000_000, "rude".to_owned(), "Op".to_owned());
    let ban = Ban { player, address: None, until_s, reason, operator };
    rig.threads[0].options.store.ban(ban);
    rig.connect(&mut players[0], WHOLE);
    rig.settle(&mut players);
    assert_eq!(players[0].closed, Some(CloseCode::Kicked.number()));
    assert!(rig.conns.is_empty() && rig.slots() == 0, "because its session is over");
}

/// A player who looks at somebody so many times, and is told the same each time.
fn watches(limits: Limits, times: u32, outcome: &Outcome) -> Player {
    let mut rig = Rig::within(limits, 1, 1);
    let mut players = [Player::new()];
    rig.connect(&mut players[0], WHOLE);
    rig.settle(&mut players);
    for call in 1..=times {
        let ask = Ask::Watch { whom: Whom::Crown };
        players[0].say(&ClientMessage::Ask { call, ask });
        rig.thread_turn(0);
        for control in asked(&mut rig.link) {
            if let Control::Ask { conn, call, .. } = control {
                rig.link.post(conn.thread, answer(conn, call, outcome.clone()));
            }
        }
        rig.settle(&mut players);
    }
    let [player] = players;
    player
}

#[test]
fn who_looks_at_one_after_the_other_is_held_to_the_rate_of_calls() {
    let limits = Limits { asks_burst: 3, asks_every_ms: 60_000, ..Limits::default() };
    let player = watches(limits, 5, &Outcome::Done);
    assert_eq!(answers(&player), ["1: Done", "2: Done", "3: Done", "4: TooFast", "5: TooFast"]);
    assert!(player.link.is_some());
}

#[test]
fn who_keeps_looking_at_nobody_has_to_go() {
    let limits = Limits { refused_burst: 3, refused_every_ms: 60_000, ..Limits::default() };
    let (problem, text) = (Problem::NoSuchPlayer, "Nobody".to_owned());
    let nobody = Outcome::Refused { problem, text, retry_after_ms: 0 };
    assert!(watches(limits.clone(), 3, &nobody).link.is_some());
    assert_eq!(watches(limits, 4, &nobody).closed, Some(CloseCode::RateLimited.number()));
}

#[test]
fn who_is_sent_away_when_the_connection_that_took_over_is_lost_does_not_come_back() {
    let mut rig = Rig::new(1, 1);
    let mut players = vec![Player::new()];
    rig.connect(&mut players[0], WHOLE);
    rig.settle(&mut players);
    players[0].link = None;
    rig.settle(&mut players);
    rig.connect(&mut players[0], WHOLE);
    let thread = &mut rig.threads[0];
    thread.take_newborns();
    thread.read_all();
    thread.take_words();
    players[0].link = None;
    thread.read_all();
    let [Control::Rebind { from, to }] = asked(&mut rig.link)[..] else {
        panic!("because it came back")
    };
    let you = rig.conns.remove(&from).expect("it plays");
    rig.link.post(from.thread, Mail::Moved { conn: from, to });
    rig.seat(to, you);
    let (code, reason) = (CloseCode::Kicked, "enough".to_owned());
    rig.link.post(to.thread, Mail::Expel { conn: to, code, reason });
    rig.tick = rig.tick.next();
    publish(&mut rig.link, rig.grid, rig.tick);
    rig.settle(&mut players);
    assert!(rig.conns.is_empty() && rig.slots() == 0, "because its session does not wait for it");
}
