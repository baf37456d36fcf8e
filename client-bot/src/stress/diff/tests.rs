use super::*;
use crate::stress::made_up;
use crate::stress::outcome::Sample;

fn line<'a>(diff: &'a Diff, tick_rate: u32, players: usize, metric: &str) -> &'a Line {
    let is_it = |line: &&Line| {
        line.tick_rate == tick_rate
            && line.players == Some((players, players))
            && line.metric == metric
    };
    diff.lines.iter().find(is_it).unwrap_or_else(|| panic!("{metric} is compared in\n{diff}"))
}

/// Changes every second of the steps with so many players.
fn change(outcome: &mut Outcome, players: usize, change: impl Fn(&mut Sample)) {
    let steps = outcome.results.iter_mut().flat_map(|rate| &mut rate.steps);
    for step in steps.filter(|step| step.players == players) {
        step.samples.iter_mut().for_each(&change);
    }
}

#[test]
fn two_runs_of_the_same_do_not_differ() {
    for seed in 0..50 {
        let diff = Diff::between(&made_up::outcome(seed), &made_up::outcome(seed + 100));
        assert!(!diff.differs(), "because only chance differs:\n{diff}");
        assert!(diff.is_conclusive() && diff.remarks.is_empty(), "{diff}");
        assert!(diff.to_string().ends_with("same within noise in all 62 comparisons.\n"), "{diff}");
    }
}

#[test]
fn what_is_slower_is_found_and_named() {
    let (a, mut b) = (made_up::outcome(1), made_up::outcome(2));
    change(&mut b, 4096, |sample| sample.gap_p99_ms *= 1.5);
    let diff = Diff::between(&a, &b);
    assert!(diff.differs());
    let found = line(&diff, 30, 4096, "gap p99 ms").verdict;
    let Verdict::Lower { share: Some(share), probability: Some(probability) } = found else {
        panic!("a has the shorter gap: {found:?}");
    };
    assert!((0.31..0.35).contains(&share) && probability < 0.001, "{found:?}");
    assert_eq!(line(&diff, 30, 2048, "gap p99 ms").verdict, Verdict::Same);
    assert!(diff.to_string().contains("differ beyond noise in 1 of 62 comparisons."), "{diff}");
    let other = Diff::between(&b, &a);
    assert!(matches!(line(&other, 30, 4096, "gap p99 ms").verdict, Verdict::Higher { .. }));
}

#[test]
fn bytes_have_less_noise_than_time() {
    let (a, mut b) = (made_up::outcome(1), made_up::outcome(2));
    change(&mut b, 2048, |sample| {
        sample.bytes_per_client_s *= 1.05;
        sample.gap_p99_ms *= 1.05;
    });
    let diff = Diff::between(&a, &b);
    assert!(line(&diff, 30, 2048, "bytes/s a client").verdict.differs());
    assert_eq!(line(&diff, 30, 2048, "gap p99 ms").verdict, Verdict::Same);
}

#[test]
fn a_large_difference_that_may_be_chance_is_none() {
    let (a, mut b) = (made_up::outcome(1), made_up::outcome(2));
    for rate in &mut b.results {
        for step in &mut rate.steps {
            for (second, sample) in step.samples.iter_mut().enumerate() {
                sample.gap_p99_ms *= if second % 2 == 0 { 3.0 } else { 0.5 };
            }
        }
    }
    let diff = Diff::between(&a, &b);
    assert_eq!(line(&diff, 30, 2048, "gap p99 ms").verdict, Verdict::Same);
}

#[test]
fn a_slower_machine_is_left_out_where_the_floor_is_known() {
    let (a, mut b) = (made_up::outcome(1), made_up::outcome(2));
    for step in b.results.iter_mut().flat_map(|rate| &mut rate.steps) {
        let slow = |us: &mut f64| *us *= 1.5;
        step.figures.cpu_us_per_client_tick.iter_mut().for_each(slow);
        step.samples.iter_mut().for_each(|s| s.cpu_us_per_client_tick.iter_mut().for_each(slow));
    }
    let diff = Diff::between(&a, &b);
    assert_eq!(line(&diff, 30, 2048, "CPU over floor").verdict, Verdict::Same);
    for step in b.results.iter_mut().flat_map(|rate| &mut rate.steps) {
        step.figures.floor_ratio = None;
    }
    let diff = Diff::between(&a, &b);
    assert!(line(&diff, 30, 2048, "CPU us/client-tick").verdict.differs());
    assert_eq!(diff.remarks, [Remark::NoFloor]);
}

#[test]
fn counters_are_exact() {
    let (mut a, b) = (made_up::outcome(1), made_up::outcome(2));
    a.results[0].steps[0].figures.desyncs = 1;
    let diff = Diff::between(&a, &b);
    let found = line(&diff, 30, 1024, "desyncs").verdict;
    assert_eq!(found, Verdict::Higher { share: None, probability: None });
    assert_eq!(found.to_string(), "a is higher");
}

#[test]
fn held_players_differ_beyond_the_search_s_fineness() {
    let verdict = |change_a: fn(&mut RateResult), change_b: fn(&mut RateResult)| {
        let (mut a, mut b) = (made_up::outcome(1), made_up::outcome(2));
        change_a(&mut a.results[0]);
        change_b(&mut b.results[0]);
        let diff = Diff::between(&a, &b);
        diff.lines.iter().find(|line| line.players.is_none()).map(|line| line.verdict)
    };
    let held = |rate: &mut RateResult| rate.held_players = Some(4096);
    assert_eq!(verdict(|rate| rate.held_players = Some(3840), held), Some(Verdict::Same));
    let lower = verdict(|rate| rate.held_players = Some(3000), held);
    assert!(matches!(lower, Some(Verdict::Lower { share: Some(share), .. }) if share > 0.26));
    let none = verdict(|rate| rate.held_players = None, held);
    assert!(matches!(none, Some(Verdict::Lower { .. })));
    let by_bots = |rate: &mut RateResult| {
        rate.held_players = Some(2048);
        rate.void_above = true;
    };
    assert_eq!(verdict(by_bots, held), Some(Verdict::BotsLimit { run: "a" }));
    assert_eq!(verdict(held, by_bots), Some(Verdict::BotsLimit { run: "b" }));
}

#[test]
fn few_samples_tell_nothing() {
    let (mut a, b) = (made_up::outcome(1), made_up::outcome(2));
    for step in a.results.iter_mut().flat_map(|rate| &mut rate.steps) {
        step.samples.truncate(7);
    }
    let diff = Diff::between(&a, &b);
    assert_eq!(line(&diff, 30, 2048, "gap p99 ms").verdict, Verdict::TooFew);
    assert!(diff.to_string().contains("Of 42 more nothing can be told."), "{diff}");
}

#[test]
fn void_steps_and_other_loads_are_not_compared() {
    let (mut a, b) = (made_up::outcome(1), made_up::outcome(2));
    a.results.truncate(1);
    for step in &mut a.results[0].steps {
        step.void = true;
    }
    a.results[0].held_players = None;
    let mut other = b.clone();
    other.results.truncate(1);
    other.results[0].held_players = None;
    let diff = Diff::between(&a, &other);
    assert_eq!(diff.remarks, [Remark::NoCommonStep { tick_rate: 30 }]);
    assert!(!diff.is_conclusive() && !diff.differs());
    assert!(
        diff.to_string().ends_with("Nothing can be told: the runs have too little in common.\n")
    );
    let diff = Diff::between(&a, &b);
    assert!(diff.remarks.contains(&Remark::OnlyIn { run: "b", tick_rate: 60 }), "{diff}");
}

#[test]
fn the_closest_loads_stand_in_for_equal_ones() {
    let (mut a, b) = (made_up::outcome(1), made_up::outcome(2));
    for step in a.results.iter_mut().flat_map(|rate| &mut rate.steps) {
        step.players -= step.players / 16;
    }
    let diff = Diff::between(&a, &b);
    let loads: std::collections::BTreeSet<_> =
        diff.lines.iter().filter_map(|line| line.players).collect();
    assert_eq!(Vec::from_iter(loads), [(480, 512), (960, 1024)]);
    assert!(diff.to_string().contains("30 Hz, 960 and 1024 players"), "{diff}");
}

#[test]
fn runs_that_were_not_made_alike_are_remarked_upon() {
    let (mut a, b) = (made_up::outcome(1), made_up::outcome(2));
    a.machine.cores = 4;
    a.profile = "soak".to_owned();
    a.brains = "hunt".to_owned();
    a.results[0].floor_held_players = Some(4000);
    let text = Diff::between(&a, &b).to_string();
    for said in [
        "The runs differ in their machine: a has Made-up CPU @ 2.50GHz, 4 cores",
        "The runs differ in their profile: a has soak, b has find-max.",
        "The runs differ in their brains: a has hunt, b has walk.",
        "The bare loop itself held 4000 players in a and 8192 in b at 30 Hz",
    ] {
        assert!(text.contains(said), "because {said:?} matters:\n{text}");
    }
}

#[test]
fn it_is_a_table() {
    let (a, mut b) = (made_up::outcome(1), made_up::outcome(2));
    change(&mut b, 4096, |sample| sample.gap_p50_ms = 60.0);
    let text = Diff::between(&a, &b).to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "30 Hz                           a          b");
    assert_eq!(lines[1], "  players held               4096       4096  same within noise");
    assert!(text.contains("  60  a is lower by 44.") && text.contains("% (p < 0.001)\n"), "{text}");
}
