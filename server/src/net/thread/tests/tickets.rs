//! Players who need a ticket: whatever they kept of a link that was cut, they are let in
//! again, and never two at a time with the same one.

use super::*;
use crate::tickets::AuthSecret;
use throng_shared::session::Name;

/// A rig with so many places, into which nobody comes without a ticket.
fn guarded(seed: u64, threads: usize, players_max: usize) -> Rig {
    let secret = AuthSecret::from("a secret of the login service of 40 bytes");
    let tickets = Arc::new(Tickets::new(Some(&secret)));
    let mut rig = Rig { players_max, ..Rig::new(seed, threads) };
    for thread in &mut rig.threads {
        thread.options.tickets = Arc::clone(&tickets);
    }
    rig
}

fn ticket(rig: &Rig) -> String {
    let thread = &rig.threads[0];
    let name = Name::parse("Ada").expect("it is a name");
    thread.options.tickets.issue(&name, "rig", thread.unix_s())
}

/// Bytes that a Hello with a ticket takes on its way.
fn hello_bytes(rig: &Rig) -> usize {
    let hello = Hello { ticket: ticket(rig), ..Hello::guest("Ada", 0) };
    // A head of two bytes, a length of two and a mask of four.
    8 + encode(&ClientMessage::Hello(hello)).len()
}

/// What a client has when its link is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Ticket,
    Secret,
    Both,
}

impl Player {
    /// Forgets what clients of that kind do not keep. False when that leaves it nothing.
    fn keep_only(&mut self, kept: Kept) -> bool {
        match kept {
            Kept::Ticket => self.kept = None,
            // It throws its ticket away at its first Welcome.
            Kept::Secret if self.kept.is_some() => self.ticket.clear(),
            Kept::Secret | Kept::Both => {}
        }
        self.kept.is_some() || !self.ticket.is_empty()
    }
}

/// A player with the only place of its room whose first link is cut after so many bytes, and
/// who comes back after some settlings with what it has kept: whether it plays then.
fn is_back(cut: (usize, usize), kept: Kept, is_half_open: bool, settlings: usize) -> bool {
    let mut rig = guarded(1, 2, 1);
    let mut players = vec![Player { ticket: ticket(&rig), ..Player::new() }];
    let first = players[0].ticket.clone();
    rig.connect(&mut players[0], cut);
    rig.settle(&mut players);
    let half_open = players[0].link.take().filter(|_| is_half_open);
    (0..settlings).for_each(|_| rig.settle(&mut players));
    assert!(players[0].keep_only(kept));
    if players[0].ticket.is_empty() {
        // Something that is no ticket, as only the server's own bots come without any.
        players[0].ticket = "none".to_owned();
    }
    players[0].closed = None;
    rig.connect(&mut players[0], WHOLE);
    rig.settle(&mut players);
    drop(half_open);
    assert!(rig.conns.len() <= 1 && rig.slots() <= 2, "{cut:?} {kept:?}");
    let plays = players[0].link.is_some() && rig.conns.len() == 1;
    if plays {
        // It has said something by now.
        let mut thief = Player { ticket: first, ..Player::new() };
        rig.connect(&mut thief, WHOLE);
        players.push(thief);
        rig.settle(&mut players);
        assert_eq!(players[1].closed, Some(CloseCode::AuthFailed.number()), "{cut:?} {kept:?}");
        assert!(players[0].link.is_some(), "{cut:?} {kept:?}");
    }
    plays
}

#[test]
fn a_cut_at_any_byte_before_the_first_word_strands_nobody_whatever_was_kept() {
    let hello = hello_bytes(&guarded(1, 1, 1));
    // Of the Welcome and some of what comes behind it; and of the Hello and part of a word.
    let welcomes = (0..400).step_by(7).map(|bytes| (bytes, hello));
    let hellos = (0..hello + 6).step_by(5).chain([hello]).map(|bytes| (usize::MAX, bytes));
    for cut in welcomes.chain(hellos) {
        for kept in [Kept::Ticket, Kept::Secret, Kept::Both] {
            for is_half_open in [false, true] {
                let is_back = is_back(cut, kept, is_half_open, 0);
                assert!(is_back, "{cut:?} {kept:?} {is_half_open}, because nothing was said");
            }
        }
    }
}

#[test]
fn who_needs_a_ticket_and_has_only_its_session_is_waited_for_as_long_as_who_has_played() {
    let cut = (usize::MAX, hello_bytes(&guarded(1, 1, 1)));
    // A settling is 20 turns of 20 ms.
    for kept in [Kept::Ticket, Kept::Secret, Kept::Both] {
        assert!(is_back(cut, kept, false, 130), "{kept:?}, because 52 of 60 seconds have passed");
    }
}

#[test]
fn a_room_that_crashes_gives_the_tickets_back_of_those_who_have_said_nothing() {
    for says in [false, true] {
        let mut rig = guarded(1, 1, 1);
        let mut players = vec![Player { ticket: ticket(&rig), ..Player::new() }];
        rig.connect(&mut players[0], WHOLE);
        // A client that does not take its turns reads nothing and says nothing.
        (0..3).for_each(|_| {
            rig.room_turn();
            rig.thread_turn(0);
        });
        assert_eq!(rig.conns.len(), 1, "because it is in");
        if says {
            rig.settle(&mut players);
        }
        let directory = Arc::clone(&rig.threads[0].options.directory);
        // As one that panics.
        let (elsewhere, _inboxes) = Directory::new(1);
        rig.link = elsewhere.open(Listing::sole("elsewhere")).expect("a place is free");
        rig.threads.iter_mut().for_each(NetThread::leave_rooms_that_ended);
        rig.link = directory.open(Listing::sole("rig")).expect("a place is free");
        rig.conns.clear();
        rig.settle(&mut players);
        assert_eq!(players[0].closed.take(), Some(CloseCode::RoomCrashed.number()));
        players[0].kept = None;
        rig.connect(&mut players[0], WHOLE);
        rig.settle(&mut players);
        let refused = CloseCode::AuthFailed.number();
        assert_eq!(players[0].closed, says.then_some(refused), "{says}");
    }
}

#[test]
fn who_brings_a_ticket_again_and_is_banned_leaves_nobody_in_who_cannot_play() {
    let mut rig = guarded(1, 2, 2);
    let ticket = ticket(&rig);
    let mut players = [0; 2].map(|_| Player { ticket: ticket.clone(), ..Player::new() });
    rig.connect(&mut players[0], WHOLE);
    (0..5).for_each(|_| {
        rig.room_turn();
        (0..2).for_each(|index| rig.thread_turn(index));
    });
    assert_eq!(rig.conns.len(), 1, "because it is in, and has said nothing");
    let mut seats = rig.threads.iter().flat_map(|it| &it.slots).filter_map(|it| it.seat.as_ref());
    let PlayerId(number) = seats.next().expect("it has a seat").entrant.who.player;
    // Numbers are given out in their order.
    let (until_s, reason, operator) = (4_000_000_000, "rude".to_owned(), "Op".to_owned());
    let ban = Ban { player: PlayerId(number + 1), address: None, until_s, reason, operator };
    rig.threads[0].options.store.ban(ban);
    rig.connect(&mut players[1], WHOLE);
    (0..5).for_each(|_| {
        rig.room_turn();
        (0..2).for_each(|index| rig.thread_turn(index));
    });
    assert!(rig.conns.is_empty(), "because whose ticket was brought again has none");
    rig.settle(&mut players);
    let codes = [CloseCode::Replaced, CloseCode::Kicked].map(|code| Some(code.number()));
    assert_eq!(players.each_ref().map(|player| player.closed), codes);
    assert_eq!(rig.slots(), 0);
}

#[test]
fn who_was_kicked_while_it_was_away_does_not_come_back_with_its_ticket() {
    let mut rig = guarded(1, 1, 1);
    let mut players = [Player { ticket: ticket(&rig), ..Player::new() }];
    rig.connect(&mut players[0], WHOLE);
    (0..5).for_each(|_| {
        rig.room_turn();
        rig.thread_turn(0);
    });
    players[0].link = None;
    rig.thread_turn(0);
    let conn = *rig.conns.keys().next().expect("its session waits");
    rig.threads[0].expel(conn, CloseCode::Kicked, "rude");
    rig.settle(&mut players);
    assert!(rig.conns.is_empty() && rig.slots() == 0);
    rig.connect(&mut players[0], WHOLE);
    rig.settle(&mut players);
    assert_eq!(players[0].closed, Some(CloseCode::AuthFailed.number()));
}

#[test]
fn of_many_who_bring_one_ticket_again_and_again_one_plays_at_any_time() {
    let mut played = 0;
    for seed in 0..40 {
        let mut rig = guarded(seed, 3, usize::MAX);
        let ticket = ticket(&rig);
        let mut players: Vec<Player> =
            (0..6).map(|_| Player { ticket: ticket.clone(), ..Player::new() }).collect();
        for _ in 0..300 {
            match rig.one_of(8) {
                0 | 1 => rig.room_turn(),
                2..=5 => {
                    let index = rig.one_of(rig.threads.len());
                    rig.thread_turn(index);
                }
                6 => {
                    let index = rig.one_of(players.len());
                    if players[index].link.is_none() {
                        players[index].kept = None;
                        rig.connect(&mut players[index], WHOLE);
                    }
                }
                // Whoever reads its Welcome says something.
                _ if rig.chance.one_in(6) => {
                    let index = rig.one_of(players.len());
                    players[index].act();
                }
                _ => {}
            }
            assert!(rig.conns.len() <= 1, "seed {seed}: {:?}", rig.conns);
        }
        rig.settle(&mut players);
        let playing = players.iter().filter(|player| player.link.is_some()).count();
        assert!(playing <= 1 && rig.conns.len() == playing, "seed {seed}: {playing}");
        played += playing;
    }
    assert!(played > 10, "because a ticket lets somebody in: {played}");
}
