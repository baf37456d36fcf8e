//! Values of what is asked for and told beside the game.

use throng_shared::ids::NetId;
use throng_shared::limits::CHAT_CHARS_MAX;
use throng_shared::wire::{
    Ask, Audience, ClientMessage, Event, LeaderRow, Line, News, Notification, Order, Outcome,
    PresenceRow, Priority, Problem, RoomRow, ServerRow, TopicChange, TopicUpdate, Whom,
};

use super::LONGEST_NAME;

pub(super) fn asks() -> Vec<(&'static str, ClientMessage)> {
    let who = NetId(300);
    let say = |to, text: &str| Ask::Say { to, text: text.to_owned() };
    let reason = || "spam".to_owned();
    let asks = vec![
        ("say to the room", say(Audience::Room, "hi 你好")),
        ("say to a player", say(Audience::Player { who }, &"x".repeat(CHAT_CHARS_MAX))),
        ("say to everyone", say(Audience::Everyone, "The server restarts at noon.")),
        ("subscribe", Ask::Subscribe { topic: "leaderboard/day".to_owned() }),
        ("unsubscribe", Ask::Unsubscribe { topic: "rooms".to_owned() }),
        ("go to a room", Ask::Go { room: "K7PQ2M".to_owned() }),
        ("go anywhere", Ask::Go { room: String::new() }),
        ("watch the crown", Ask::Watch { whom: Whom::Crown }),
        ("watch a player", Ask::Watch { whom: Whom::Player { who } }),
        ("mute", Ask::Mute { who, on: true }),
        ("report", Ask::Report { who, text: "<script>".to_owned() }),
        ("order: mute", Ask::Order(Order::Mute { who, minutes: 0, reason: reason() })),
        ("order: kick", Ask::Order(Order::Kick { who, reason: reason() })),
        ("order: ban", Ask::Order(Order::Ban { who, minutes: 1440, reason: reason() })),
        ("order: pardon", Ask::Order(Order::Pardon { player: 70_000 })),
        ("order: slow mode", Ask::Order(Order::Slow { seconds: 30 })),
    ];
    (1..).zip(asks).map(|(call, (name, ask))| (name, ClientMessage::Ask { call, ask })).collect()
}

pub(super) fn events() -> Vec<(&'static str, Event)> {
    let who = NetId(300);
    let refused = Outcome::Refused {
        problem: Problem::TooFast,
        text: "A line may be said once a second.".to_owned(),
        retry_after_ms: 700,
    };
    let line = |to, operator| {
        Event::Line(Line {
            number: 70_000,
            who,
            name: "Ada".to_owned(),
            operator,
            to,
            text: "hi 你好".to_owned(),
            at_s: 1_800_000_000,
        })
    };
    let topic = |topic: &str, since, change| {
        Event::Topic(TopicUpdate { topic: topic.to_owned(), version: 70_000, since, change })
    };
    let leader = LeaderRow { place: 10, name: LONGEST_NAME.to_owned(), score: 251, kills: 9 };
    let room = RoomRow {
        name: "arena".to_owned(),
        players: 251,
        players_max: 1000,
        spectators: 3,
        tick_hz: 30,
        width: 128,
        height: 96,
    };
    let presence = PresenceRow { who, name: "Ada".to_owned(), link_dead: true, spectator: false };
    let server = ServerRow {
        rooms: 3,
        players: 1000,
        spectators: 5,
        connections: 1010,
        work_us: 1700,
        late_ticks: 2,
        bytes_in: 300_000,
        bytes_out: 9_000_000,
        uptime_s: 86_400,
    };
    let problems = [
        ("answer: unknown topic", Problem::UnknownTopic),
        ("answer: too many topics", Problem::TooManyTopics),
        ("answer: not subscribed", Problem::NotSubscribed),
        ("answer: no such room", Problem::NoSuchRoom),
        ("answer: room full", Problem::RoomFull),
        ("answer: no such player", Problem::NoSuchPlayer),
        ("answer: empty", Problem::Empty),
        ("answer: too long", Problem::TooLong),
        ("answer: muted", Problem::Muted),
        ("answer: banned", Problem::Banned),
        ("answer: not allowed", Problem::NotAllowed),
        ("answer: out of place", Problem::OutOfPlace),
        ("answer: busy", Problem::Busy),
    ];
    let mut events = vec![
        ("answer: done", Event::Answer { call: 1, outcome: Outcome::Done }),
        ("answer: refused", Event::Answer { call: 251, outcome: refused }),
        ("line in the room", line(Audience::Room, false)),
        ("line to a player", line(Audience::Player { who: NetId(1) }, false)),
        ("line to everyone", line(Audience::Everyone, true)),
        (
            "topic: leaders",
            topic(
                "leaderboard/all",
                0,
                TopicChange::Leaders { set: vec![leader], places: 10, own: 251 },
            ),
        ),
        (
            "topic: rooms",
            topic(
                "rooms",
                69_999,
                TopicChange::Rooms { set: vec![room], gone: vec!["duel".to_owned()] },
            ),
        ),
        (
            "topic: presence",
            topic(
                "room/arena/presence",
                69_999,
                TopicChange::Presence { set: vec![presence], gone: vec![NetId(4)] },
            ),
        ),
        ("topic: server", topic("server", 0, TopicChange::Server(server))),
        ("watching", Event::Watching { who }),
    ];
    events.extend(problems.map(|(name, problem)| {
        let outcome = Outcome::Refused { problem, text: String::new(), retry_after_ms: 0 };
        (name, Event::Answer { call: 7, outcome })
    }));
    let name = || "Grace".to_owned();
    let text = || "You are muted for ten minutes.".to_owned();
    let news = vec![
        ("joined", News::Joined { name: name() }),
        ("left", News::Left { name: name() }),
        ("killed by", News::KilledBy { name: name() }),
        ("took the crown", News::TookCrown),
        ("lost the crown", News::LostCrown { name: name() }),
        ("personal best", News::PersonalBest { score: 251 }),
        ("restart", News::Restart { at_s: 1_800_000_000 }),
        ("operator", News::Operator { text: text() }),
        ("reported", News::Reported { room: name(), who, name: name(), by: name(), text: text() }),
        ("storage", News::Storage { works: false }),
    ];
    let mut priorities = [Priority::Low, Priority::Normal, Priority::High].into_iter().cycle();
    events.extend(news.into_iter().map(|(name, news)| {
        let priority = priorities.next().unwrap_or(Priority::Low);
        (name, Event::Notification(Notification { priority, at_s: 1_800_000_000, news }))
    }));
    events
}
