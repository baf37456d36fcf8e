//! What can happen in a step, in one closed list. A run is the sequence of these; the
//! model judges by nothing else.

use std::time::Duration;

use throng::link::ConnId;
use throng_shared::ids::NetId;

use super::faults::Fault;

/// A player's end: a tab, which has one line at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TabId(pub(crate) u32);

/// One connection as the network sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LineId(pub(crate) u32);

/// A room, of which one that is opened again is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Site(pub(crate) u32);

/// A ticket of the login service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TicketId(pub(crate) u32);

/// What a client said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Word {
    Hello,
    Input,
    Pong,
    Bye,
}

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum End {
    /// Both ends learn of it at once, and what was on its way is lost.
    Reset,
    /// The server hung up.
    ByServer,
    /// The client hung up; the server learns of it behind what was said before.
    ByClient,
}

/// What a network thread itself answers to who asks for a way to another room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Answer {
    pub(crate) call: u32,
    pub(crate) is_there: bool,
}

/// How a ticket came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Made {
    /// Just now, for one player.
    Honestly,
    /// With a key that somebody made up.
    Forged,
    /// So long ago that it is over.
    LongAgo,
}

/// What happened. Things of the client's end name tabs, of the network lines, of the
/// server's end the connections and gliders that the server speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Transition {
    /// The plan interferes.
    Struck(Fault),
    /// The plan ends: what it did is mended.
    Mended,
    /// A room ran ticks up to this one.
    Ticked {
        site: Site,
        tick: u32,
    },
    /// A room panicked.
    Crashed {
        site: Site,
    },
    /// The server was killed, and all that it knew is gone; another one begins then.
    Killed {
        until: Duration,
    },
    /// The server lets everybody go, until it ends.
    Draining {
        until: Duration,
    },
    /// The login service gave out a ticket.
    Issued {
        ticket: TicketId,
        made: Made,
    },
    /// A tab opens a line to a network thread, to go on with a session if it has one.
    Connected {
        tab: TabId,
        line: LineId,
        thread: u16,
        resumes: bool,
        ticket: Option<TicketId>,
    },
    /// A tab tried, and there was no network or no server.
    Missed {
        tab: TabId,
    },
    ClientSent {
        tab: TabId,
        word: Word,
    },
    /// A client asked for a way to a room, or to any.
    Wished {
        tab: TabId,
        call: u32,
        site: Option<Site>,
    },
    /// Bytes arrived, at the server and at the client.
    Delivered {
        line: LineId,
        up: usize,
        down: usize,
    },
    Ended {
        line: LineId,
        end: End,
    },
    /// A room is asked to take a connection in, which may play in another one.
    Asked {
        site: Site,
        conn: ConnId,
    },
    /// The room let a connection play, one that is new to it or one that takes over.
    Seated {
        site: Site,
        conn: ConnId,
        you: NetId,
    },
    /// The room has no place.
    TurnedAway {
        site: Site,
        conn: ConnId,
    },
    /// A room is asked to let somebody go whom another one has.
    Departing {
        site: Site,
        conn: ConnId,
    },
    /// And has said its last word.
    Departed {
        site: Site,
        conn: ConnId,
    },
    /// A room is asked for a session by another connection.
    Claimed {
        site: Site,
        conn: ConnId,
    },
    /// A session goes on at another connection.
    Moved {
        from: ConnId,
        to: ConnId,
    },
    /// The room posted an ordered event to a session, by the connection that has it.
    Posted {
        site: Site,
        conn: ConnId,
        what: u64,
    },
    /// The first input of a connection came to the room.
    Proven {
        conn: ConnId,
    },
    /// The server found a connection dead, and holds its session.
    LinkDead {
        site: Site,
        conn: ConnId,
    },
    /// The server told a room that somebody is gone: its session ended, or gave up a way.
    Left {
        site: Site,
        conn: ConnId,
    },
    /// A Welcome to a room left the server on a line.
    Welcomed {
        line: LineId,
        site: Site,
        you: NetId,
    },
    /// A farewell left the server.
    Dismissed {
        line: LineId,
        code: u16,
    },
    /// Something but a farewell left the server on a line whose session another line has.
    Overtaken {
        line: LineId,
    },
    /// The client goes on with its session.
    Resumed {
        tab: TabId,
        line: LineId,
        you: NetId,
    },
    /// The client was taken in, and its session is a new one.
    JoinedAfresh {
        tab: TabId,
        line: LineId,
        you: NetId,
    },
    /// The client's session is in another room.
    Arrived {
        tab: TabId,
        you: NetId,
    },
    EventReceived {
        tab: TabId,
        number: u32,
        what: u64,
        answer: Option<Answer>,
    },
    /// An event came that had come before.
    Doubled {
        tab: TabId,
    },
    /// The secret of a Welcome was one that some client had before.
    SecretRepeated {
        tab: TabId,
    },
    /// The client was told that a newer connection has its session.
    Replaced {
        tab: TabId,
    },
    /// The client was told another code.
    Told {
        tab: TabId,
        code: u16,
        retry_after_ms: u32,
    },
    /// The client lost its link without a word, or gave a silent one up.
    Lost {
        tab: TabId,
    },
    /// A view did not hold.
    Desynced {
        tab: TabId,
    },
    /// The server said something that has no place where the client's session stands.
    Nonsense {
        tab: TabId,
    },
}

/// A run so far.
#[derive(Debug, Default)]
pub(crate) struct Trace(Vec<(Duration, Transition)>);

impl Trace {
    pub(crate) fn push(&mut self, now: Duration, transition: Transition) {
        self.0.push((now, transition));
    }

    pub(crate) fn all(&self) -> &[(Duration, Transition)] {
        &self.0
    }

    /// The last `count` lines, without the commonest; of those about events, the last few.
    pub(crate) fn tail(&self, count: usize) -> String {
        let events_from = self.0.len().saturating_sub(count / 2);
        let is_rare = |(at, (_, it)): &(usize, &(Duration, Transition))| {
            let is_of_events =
                matches!(it, Transition::Posted { .. } | Transition::EventReceived { .. });
            let is_common = matches!(
                it,
                Transition::Delivered { .. }
                    | Transition::Ticked { .. }
                    | Transition::ClientSent { word: Word::Input | Word::Pong, .. }
            );
            !is_common && (!is_of_events || *at >= events_from)
        };
        let rare = self.0.iter().enumerate().rev().filter(is_rare);
        let mut lines: Vec<String> = rare.take(count).map(|(_, it)| line(it)).collect();
        lines.reverse();
        lines.join("\n")
    }
}

/// How a transition reads.
pub(crate) fn line((at, transition): &(Duration, Transition)) -> String {
    format!("{:>9.3} s  {transition:?}", at.as_secs_f64())
}
