//! Bests, and whether they can be kept.

use super::*;
use crate::store::Score;

#[test]
fn a_life_that_was_the_best_is_told_so_and_stands_on_the_boards() {
    let mut rig = Rig::with_ada_and_bob();
    let live = |rig: &mut Rig, shards| {
        rig.report(ARENA, Report::Standings(vec![standing(ADA, shards, 2)]));
        rig.second();
        rig.said();
        rig.report(ARENA, died(ADA, BOB));
        rig.second();
        rig.news((ARENA, ADA))
    };
    let killed = News::KilledBy { name: text("Bob") };
    assert_eq!(live(&mut rig, 40), [killed.clone(), News::PersonalBest { score: 40 }]);
    assert_eq!(live(&mut rig, 30), [killed]);
    rig.ask((ARENA, BOB), subscribe("leaderboard/all"));
    rig.second();
    let updates = format!("{:?}", rig.updates((ARENA, BOB)));
    assert!(updates.contains("\"Ada\", score: 40"), "{updates}");
}

#[test]
fn what_was_reached_and_lost_between_two_reports_counts() {
    let mut rig = Rig::with_ada_and_bob();
    let best = |rig: &Rig, player| rig.hub.keeper.best(PlayerId(player));
    rig.report(ARENA, Report::Standings(vec![standing(ADA, 40, 2)]));
    let peak = |shards| Peak { shards, kills: 3 };
    rig.report(ARENA, Report::Died { who: ADA, by: BOB, peak: peak(50) });
    rig.second();
    let killed = News::KilledBy { name: text("Bob") };
    assert_eq!(rig.news((ARENA, ADA)), [killed, News::PersonalBest { score: 50 }]);
    // A visit that no report fell into, and one that ends well below its best.
    rig.report(ARENA, Report::Left { you: BOB, peak: peak(7) });
    let now = Standing { you: ADA, shards: 30, kills: 3, peak: peak(60) };
    rig.report(ARENA, Report::Standings(vec![now]));
    rig.report(ARENA, left(ADA));
    assert_eq!((best(&rig, 102), best(&rig, 101)), (7, 60));
    assert!(rig.hub.keeper.board(Span::All).iter().all(|row| row.kills == 3));
}

#[test]
fn a_best_is_told_once_no_crash_can_take_it() {
    let mut rig = Rig::with_ada_and_bob();
    rig.disk.lock().expect("nobody panics").0 = 0;
    let shards = |you, shards| Report::Standings(vec![standing(you, shards, 2)]);
    rig.report(ARENA, shards(ADA, 40));
    rig.report(ARENA, died(ADA, BOB));
    rig.second();
    let killed = News::KilledBy { name: text("Bob") };
    assert_eq!(
        rig.news((ARENA, ADA)),
        std::slice::from_ref(&killed),
        "because the disk has it not yet"
    );
    rig.disk.lock().expect("nobody panics").0 = u64::MAX;
    rig.second();
    assert_eq!(rig.news((ARENA, ADA)), [News::PersonalBest { score: 40 }]);
    rig.second();
    assert_eq!(rig.news((ARENA, ADA)), [], "because it is told once");
    // What the disk knows of visits before may be read after the player came.
    let (name, room) = (text("Ada"), text("arena"));
    let player = PlayerId(101);
    rig.hub.keeper.record(Score { player, name, room, shards: 90, kills: 1, at_s: 0 });
    rig.report(ARENA, shards(ADA, 50));
    rig.report(ARENA, died(ADA, BOB));
    rig.second();
    assert_eq!(rig.news((ARENA, ADA)), [killed], "because 90 was better");
}

#[test]
fn everybody_is_told_when_scores_cannot_be_kept_and_when_they_can_again() {
    let mut rig = Rig::with_ada_and_bob();
    for works in [false, true] {
        rig.disk.lock().expect("nobody panics").1 = works;
        rig.second();
        let said = rig.said();
        for you in [ADA, BOB] {
            let told = said.iter().filter_map(|(_, delivery)| match delivery {
                Delivery::Event { you: to, message } if *to == you => Some(event_of(message)),
                _ => None,
            });
            let news = told.filter_map(|event| match event {
                Event::Notification(notification) => Some(notification.news),
                _ => None,
            });
            assert_eq!(news.collect::<Vec<_>>(), [News::Storage { works }]);
        }
        rig.second();
        assert_eq!(rig.news((ARENA, ADA)), [], "because it is told once");
    }
}
