//! The courses of a test, step by step, and what is found so far: an interrupted one
//! leaves what it had finished.

use std::time::Duration;

use super::outcome::{Figures, RateResult, Step, StepKind};
use super::profile::{Profile, Stage};
use super::search::Search;
use super::subject::Ledger;
use super::verdict::{Expected, Verdict};
use super::{BEAT, Bench, Made, StressError, Task, is_broken};
use crate::load::{self, Beat, Plan};

/// Times that a void step of a search is made again, with another seed: a machine that
/// is disturbed for a moment must not end it.
const VOIDS_MAX: u64 = 2;

/// What was found at one tick rate so far.
#[derive(Debug, Default)]
pub(super) struct Found {
    tick_rate: u32,
    steps: Vec<Step>,
    searches: Vec<Limit>,
    floor: Limit,
    /// Of all stages together.
    whole: Option<(Figures, Verdict)>,
}

/// Where a search ended.
#[derive(Clone, Copy, Debug, Default)]
struct Limit {
    held: Option<usize>,
    /// Whether the next larger step was void.
    void_above: bool,
}

impl Found {
    pub(super) fn new(tick_rate: u32) -> Self {
        Self { tick_rate, ..Self::default() }
    }

    /// The result, unless nothing was finished.
    pub(super) fn result(self) -> Option<RateResult> {
        let servers = || self.steps.iter().filter(|step| step.kind != StepKind::Floor);
        let most = servers().filter(|step| step.held).map(|step| step.players).max();
        let last = servers().next_back()?;
        let limit = median(&self.searches).unwrap_or(Limit { held: most, void_above: false });
        let best =
            servers().rfind(|step| step.held && Some(step.players) == limit.held).unwrap_or(last);
        let (figures, void) = (best.figures.clone(), best.void);
        let result = RateResult {
            tick_rate: self.tick_rate,
            held_players: limit.held,
            searches: self.searches.iter().map(|search| search.held).collect(),
            floor_held_players: self.floor.held,
            floor_void_above: self.floor.void_above,
            void_above: limit.void_above,
            void,
            figures,
            steps: self.steps,
        };
        Some(match self.whole {
            None => result,
            Some((figures, verdict)) => {
                let most = result.steps.iter().map(|step| step.players).max();
                RateResult {
                    held_players: most.filter(|_| verdict == Verdict::Held),
                    void: matches!(verdict, Verdict::Void(_)),
                    figures,
                    ..result
                }
            }
        })
    }
}

/// The middle one of several searches, and the lower one of two.
fn median(searches: &[Limit]) -> Option<Limit> {
    let mut sorted = searches.to_vec();
    sorted.sort_by_key(|search| search.held.unwrap_or_default());
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}

impl Bench<'_> {
    /// Runs the task at one tick rate, and keeps in `found` whatever is finished.
    ///
    /// # Errors
    /// When no server could be started or loaded, or the test was interrupted.
    pub(super) fn course(&mut self, found: &mut Found) -> Result<(), StressError> {
        match &self.options.task {
            &Task::FindMax { start, max, seconds, repeat } => {
                self.find_max(found, (start, max), seconds, repeat)
            }
            Task::Steady { players, seconds, repeat } => {
                self.steady(found, players, *seconds, *repeat)
            }
            Task::Stages { profile, .. } => self.stages(found, profile),
        }
    }

    fn find_max(
        &mut self,
        found: &mut Found,
        (start, max): (usize, usize),
        seconds: f64,
        repeat: usize,
    ) -> Result<(), StressError> {
        for round in 0..repeat {
            let known = found.searches.first().and_then(|search| search.held);
            let search = match known {
                Some(held) => Search::around(held, max),
                None => Search::new(start, max),
            };
            let seed = self.options.seed + (VOIDS_MAX + 1) * round as u64;
            if let Err(error) = self.search(found, search, seconds, seed) {
                // One that has not ended says nothing beside one that has.
                found.searches.truncate(round.max(1));
                return Err(error);
            }
            if repeat > 1
                && let Some(limit) = found.searches.last()
            {
                let held = limit.held.map_or("none".to_owned(), |held| held.to_string());
                self.say(format!("search {} of {repeat}: {held} held", round + 1));
            }
        }
        let held = median(&found.searches).and_then(|limit| limit.held);
        let best = found.steps.iter().rposition(|step| step.held && Some(step.players) == held);
        if let (Some(best), true) = (best, self.options.floor.is_some()) {
            let floor = self.floor_beside(found.tick_rate, &mut found.steps[best], seconds)?;
            let bytes = super::frame_bytes(&found.steps[best]);
            found.steps.extend(floor);
            if let Some(bytes) = bytes {
                self.find_floor_max(found, (start, max), seconds, bytes)?;
            }
        }
        Ok(())
    }

    /// One search. Its limit counts from its first step on, as far as it came.
    fn search(
        &mut self,
        found: &mut Found,
        mut search: Search,
        seconds: f64,
        seed: u64,
    ) -> Result<(), StressError> {
        let tick_hz = found.tick_rate;
        found.searches.push(Limit::default());
        while let Some(players) = search.next_players() {
            let mut step = self.step(tick_hz, players, seconds, seed)?;
            for again in 1..=VOIDS_MAX {
                if !step.void {
                    break;
                }
                self.say(format!("{players} players: void, as {}; once more", step.why));
                found.steps.push(step);
                step = self.step(tick_hz, players, seconds, seed + again)?;
            }
            self.say(super::told(&step));
            search.tell(players, step.held);
            if let Some(limit) = found.searches.last_mut() {
                limit.held = search.held();
                limit.void_above = if step.held { limit.void_above } else { step.void };
            }
            found.steps.push(step);
        }
        Ok(())
    }

    /// How many sockets the bare loop holds with frames of so many bytes, and whether
    /// the step above was void.
    fn find_floor_max(
        &mut self,
        found: &mut Found,
        (start, max): (usize, usize),
        seconds: f64,
        frame_bytes: usize,
    ) -> Result<(), StressError> {
        let tick_hz = found.tick_rate;
        let mut search = Search::new(start, max);
        while let Some(players) = search.next_players() {
            let mut step = self.floor_step(tick_hz, players, seconds, frame_bytes)?;
            for _ in 0..VOIDS_MAX {
                if !step.void {
                    break;
                }
                self.say(format!("the bare loop: {}; once more", super::told(&step)));
                found.steps.push(step);
                step = self.floor_step(tick_hz, players, seconds, frame_bytes)?;
            }
            self.say(format!("the bare loop: {}", super::told(&step)));
            search.tell(players, step.held);
            found.floor.held = search.held();
            found.floor.void_above = if step.held { found.floor.void_above } else { step.void };
            found.steps.push(step);
        }
        Ok(())
    }

    fn steady(
        &mut self,
        found: &mut Found,
        players: &[usize],
        seconds: f64,
        repeat: usize,
    ) -> Result<(), StressError> {
        for round in 0..repeat as u64 {
            for &players in players {
                let seed = self.options.seed + round;
                let step = self.step(found.tick_rate, players, seconds, seed)?;
                self.say(super::told(&step));
                found.steps.push(step);
                if self.options.floor.is_some()
                    && let Some(step) = found.steps.last_mut()
                {
                    let floor = self.floor_beside(found.tick_rate, step, seconds)?;
                    found.steps.extend(floor);
                }
            }
        }
        Ok(())
    }

    /// One load over all stages, each of which is a step.
    fn stages(&mut self, found: &mut Found, profile: &Profile) -> Result<(), StressError> {
        let players = profile.players_max();
        let subject = self.subject(found.tick_rate, players)?;
        let tick_hz = subject.tick_hz();
        found.tick_rate = tick_hz;
        let plan = Plan { profile: profile.clone(), ..self.plan(&subject, players, 1.0, None)? };
        let mut whole = Ledger::open(&subject);
        let mut stage = (0, Ledger::open(&subject));
        let close = |index: usize, ledger: &Ledger<'_>| {
            let Stage { to, .. } = profile.stages()[index];
            let figures = ledger.close(None);
            let expected = Expected { tick_hz, players: 0, is_workload: false };
            let verdict = if ledger.sum.player_s > 0.0 {
                Verdict::of(&figures, 0, expected)
            } else {
                Verdict::Void("nobody had settled".to_owned())
            };
            let made = Made { sum: Beat::default(), figures, samples: ledger.samples.clone() };
            made.step(to, StepKind::Stage, &verdict)
        };
        let abort = self.options.abort_after.zip(self.options.slo.clone());
        let mut figures = None;
        let made = self.load(&plan, players, &mut |bench, beat| {
            let elapsed = Duration::from_secs(u64::from(beat.number));
            let at_s = elapsed.as_secs_f64() + beat.seconds;
            let now_in = stage.0;
            whole.add(at_s, beat);
            let sample = stage.1.add(at_s, beat);
            let name = format!("stage {} of {}", now_in + 1, profile.stages().len());
            bench.tell_second(tick_hz, name, &plan, profile.length(), sample);
            // Opened before its first second, so that it sees all of it.
            if let Some(next) = profile.stage_at(elapsed + BEAT).filter(|&next| next != now_in) {
                found.steps.push(close(stage.0, &stage.1));
                stage = (next, Ledger::open(&subject));
            }
            let is_aborted = abort.as_ref().is_some_and(|(after, slo)| {
                elapsed >= *after && is_broken(slo, &whole.so_far(), tick_hz)
            });
            if !is_aborted && elapsed + BEAT < profile.length() {
                return load::Step::Continue;
            }
            // Before anybody leaves: the figures are of those who play.
            let mut last = close(stage.0, &stage.1);
            let mut all = whole.close(None);
            subject.count_ports(&mut all);
            (last.figures.own.ports, last.figures.own.ports_max) =
                (all.own.ports, all.own.ports_max);
            found.steps.push(last);
            figures = Some(all);
            load::Step::Stop
        });
        if figures.is_none() && !stage.1.samples.is_empty() {
            // Interrupted: the seconds of this stage count for what they are.
            found.steps.push(close(stage.0, &stage.1));
        }
        if !found.steps.is_empty() {
            let figures = figures.unwrap_or_else(|| whole.close(None));
            let expected = Expected { tick_hz, players: 0, is_workload: false };
            let verdict = Verdict::of(&figures, 0, expected);
            found.whole = Some((figures, verdict));
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stress::made_up;

    fn limit(held: usize) -> Limit {
        Limit { held: (held > 0).then_some(held), void_above: held == 1280 }
    }

    #[test]
    fn the_middle_of_several_searches_is_what_is_held() {
        let of = |held: &[usize]| {
            median(&held.iter().map(|&held| limit(held)).collect::<Vec<_>>())
                .map(|limit| (limit.held, limit.void_above))
        };
        assert_eq!(of(&[1408, 1280, 1216]), Some((Some(1280), true)));
        assert_eq!(of(&[1408, 1216]), Some((Some(1216), false)), "because less is promised");
        assert_eq!(of(&[1408, 0, 0]), Some((None, false)));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn figures_are_of_the_search_in_the_middle() {
        let [rate, _] = &made_up::outcome(1).results[..] else { panic!("two rates were made up") };
        let found = Found {
            steps: rate.steps.clone(),
            searches: vec![limit(4096), limit(2048), limit(1024)],
            ..Found::new(30)
        };
        let result = found.result().expect("there are steps");
        assert_eq!(result.held_players, Some(2048));
        assert_eq!(result.searches, [Some(4096), Some(2048), Some(1024)]);
        assert_eq!(result.figures, rate.steps[1].figures, "because they belong together");
        assert_eq!(Found::new(30).result(), None, "because nothing was finished");
    }
}
