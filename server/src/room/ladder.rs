//! Which step of the ladder a load calls for. Pure: it is told what was seen, twice
//! a second, and keeps no clock.

use throng_shared::limits::{
    EASE_AFTER_MS, EASE_LOAD, LOAD_EVERY_MS, OPEN_LOAD, OVERRUN_SHARE_MAX, RELIEF_MIN,
    SHUT_AFTER_MS, SHUT_LOAD, SLOW_AFTER_MS, SLOW_LOAD,
};

use crate::link::{Step, ThreadLoad};

/// What was seen in the last half second.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    pub threads: &'a [ThreadLoad],
    /// What the room's own work takes of the period.
    pub work: f64,
    /// What that of all rooms takes of a core.
    pub works: f64,
    /// Cores on which all of it runs.
    pub cores: usize,
    /// Part of the ticks that overran.
    pub overran: f64,
}

impl Observation<'_> {
    /// The load: the largest of what any one thread does with its time, of how late
    /// the last client gets a tick, and of what all do together with the cores.
    #[must_use]
    pub fn load(&self) -> f64 {
        self.load_at(1.0)
    }

    /// The load if snapshots were written so many times as often.
    fn load_at(&self, pace: f64) -> f64 {
        let saved = |thread: &ThreadLoad| thread.writing * (1.0 - pace);
        let apart = self.threads.iter().map(|it| it.busy.max(it.spread) - saved(it));
        let together: f64 = self.threads.iter().map(|it| it.busy - saved(it)).sum();
        let together = (together + self.works) / self.cores.max(1) as f64;
        apart.fold(together.max(self.work), f64::max)
    }
}

/// A step, and for how long more has spoken for another one than against it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ladder {
    step: Step,
    pressed_ms: u64,
    eased_ms: u64,
}

impl Ladder {
    /// The step that the load calls for.
    #[must_use]
    pub fn step(&self) -> Step {
        self.step
    }

    /// Takes in what was seen since the last call, about `LOAD_EVERY_MS` ago. One step
    /// at a time, and each has to show what it brings before the next.
    pub fn observe(&mut self, seen: &Observation<'_>) {
        // A moment that speaks against it takes back one that spoke for it, not all: what
        // is true four times in five comes through, what is as often false does not.
        let count = |ms: u64, holds: bool| {
            if holds { ms + LOAD_EVERY_MS } else { ms.saturating_sub(LOAD_EVERY_MS) }
        };
        self.pressed_ms = count(self.pressed_ms, self.is_pressed(seen));
        self.eased_ms = count(self.eased_ms, self.is_eased(seen));
        let patience_ms = if self.step == Step::Open { SHUT_AFTER_MS } else { SLOW_AFTER_MS };
        let next = if self.pressed_ms >= patience_ms {
            self.step.harder()
        } else if self.eased_ms >= EASE_AFTER_MS {
            self.step.easier()
        } else {
            None
        };
        if let Some(next) = next {
            *self = Self { step: next, pressed_ms: 0, eased_ms: 0 };
        }
    }

    fn is_pressed(&self, seen: &Observation<'_>) -> bool {
        let load = seen.load();
        match self.step {
            Step::Open => load >= SHUT_LOAD || seen.overran >= OVERRUN_SHARE_MAX,
            Step::Shut | Step::Second | Step::Third | Step::Fourth => {
                let Some(harder) = self.step.harder() else { return false };
                // A rhythm that does not help is no help, and costs everybody.
                let relief = load - seen.load_at(pace(self.step, harder));
                load >= SLOW_LOAD && relief >= RELIEF_MIN
            }
        }
    }

    fn is_eased(&self, seen: &Observation<'_>) -> bool {
        match self.step {
            Step::Open => false,
            Step::Shut => seen.load() <= OPEN_LOAD && seen.overran < OVERRUN_SHARE_MAX,
            Step::Second | Step::Third | Step::Fourth => {
                let easier = self.step.easier().unwrap_or(self.step);
                seen.load_at(pace(self.step, easier)) <= EASE_LOAD
            }
        }
    }
}

/// How many times as often snapshots are written after a change of step.
fn pace(from: Step, to: Step) -> f64 {
    f64::from(from.rhythm()) / f64::from(to.rhythm())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine with one core: what reading, writing at full rate and the room take.
    #[derive(Clone, Copy)]
    struct Machine {
        reading: f64,
        writing: f64,
        work: f64,
    }

    impl Machine {
        /// Shows the ladder so many seconds of this machine; gives the steps it took.
        fn run(self, ladder: &mut Ladder, seconds: u64) -> Vec<Step> {
            let mut steps = Vec::new();
            for _ in 0..seconds * 1000 / LOAD_EVERY_MS {
                let writing = self.writing / f64::from(ladder.step().rhythm());
                let busy = (self.reading + writing).min(1.0);
                let late = (self.reading + writing + self.work - 1.0).max(0.0);
                let spread = self.work + writing + late;
                let threads = [ThreadLoad { busy, spread, writing }];
                let before = ladder.step();
                ladder.observe(&Observation {
                    threads: &threads,
                    work: self.work,
                    works: self.work,
                    cores: 1,
                    overran: 0.0,
                });
                if ladder.step() != before {
                    steps.push(ladder.step());
                }
            }
            steps
        }
    }

    fn machine(writing: f64) -> Machine {
        Machine { reading: 0.1, writing, work: 0.1 }
    }

    #[test]
    fn a_load_that_fits_changes_nothing() {
        let mut ladder = Ladder::default();
        assert_eq!(machine(0.6).run(&mut ladder, 60), []);
    }

    #[test]
    fn the_door_shuts_first_and_opens_again_after_a_while() {
        let mut ladder = Ladder::default();
        assert_eq!(machine(0.72).run(&mut ladder, 2), [Step::Shut]);
        assert_eq!(machine(0.72).run(&mut ladder, 60), [], "because nobody inside has to pay");
        assert_eq!(machine(0.6).run(&mut ladder, 60), [], "because 80 % is too near to 85");
        assert_eq!(machine(0.5).run(&mut ladder, 4), [], "because a moment is no trend");
        assert_eq!(machine(0.5).run(&mut ladder, 2), [Step::Open]);
    }

    #[test]
    fn a_machine_that_became_slower_slows_the_rhythm_one_step_at_a_time() {
        let mut ladder = Ladder::default();
        assert_eq!(machine(1.2).run(&mut ladder, 30), [Step::Shut, Step::Second]);
        assert_eq!(ladder.step(), Step::Second, "because half of the writing fits");
        assert_eq!(machine(2.0).run(&mut ladder, 30), [Step::Third]);
        assert_eq!(machine(9.0).run(&mut ladder, 30), [Step::Fourth], "because it ends there");
        let back = [Step::Third, Step::Second, Step::Shut, Step::Open];
        assert_eq!(machine(0.2).run(&mut ladder, 60), back);
    }

    #[test]
    fn a_load_just_above_what_there_is_slows_nobody() {
        let mut ladder = Ladder::default();
        assert_eq!(machine(0.85).run(&mut ladder, 60), [Step::Shut], "because 1.05 is a tick late");
    }

    #[test]
    fn a_step_is_only_left_for_one_that_fits() {
        let mut ladder = Ladder::default();
        machine(1.2).run(&mut ladder, 30);
        for writing in [0.76, 0.8, 0.9, 1.0, 1.2] {
            assert_eq!(machine(writing).run(&mut ladder, 60), [], "because it would come back");
        }
        assert_eq!(machine(0.74).run(&mut ladder, 60), [Step::Shut], "because 94 % fit");
    }

    #[test]
    fn no_load_makes_it_swing() {
        for hundredth in 0..300 {
            let machine = machine(f64::from(hundredth) / 100.0);
            let mut ladder = Ladder::default();
            machine.run(&mut ladder, 60);
            assert_eq!(machine.run(&mut ladder, 600), [], "at {hundredth} %");
        }
    }

    #[test]
    fn a_peak_is_forgiven() {
        let mut ladder = Ladder::default();
        for _ in 0..50 {
            let peak = [ThreadLoad { busy: 1.0, spread: 3.0, writing: 0.9 }];
            for threads in [&peak[..], &[]] {
                ladder.observe(&Observation {
                    threads,
                    work: 0.1,
                    works: 0.1,
                    cores: 1,
                    overran: 0.0,
                });
            }
        }
        assert_eq!(ladder.step(), Step::Open, "because half a second is no load");
    }

    #[test]
    fn noise_delays_a_step_and_does_not_prevent_it() {
        let mut ladder = Ladder::default();
        machine(1.2).run(&mut ladder, 30);
        for n in 0..40 {
            let spread = if n % 5 == 4 { 1.1 } else { 0.3 };
            let threads = [ThreadLoad { busy: 0.3, spread, writing: 0.2 }];
            ladder.observe(&Observation {
                threads: &threads,
                work: 0.1,
                works: 0.1,
                cores: 1,
                overran: 0.0,
            });
        }
        assert!(ladder.step() < Step::Second, "because it was eased four times in five");
    }

    #[test]
    fn a_slow_simulation_shuts_the_door_but_does_not_slow_the_rhythm() {
        let mut ladder = Ladder::default();
        let threads = [ThreadLoad { busy: 0.2, spread: 1.4, writing: 0.05 }];
        for _ in 0..100 {
            ladder.observe(&Observation {
                threads: &threads,
                work: 1.3,
                works: 1.3,
                cores: 4,
                overran: 1.0,
            });
        }
        assert_eq!(ladder.step(), Step::Shut, "because fewer writes would help nobody");
    }

    #[test]
    fn ticks_that_overrun_shut_the_door() {
        let mut ladder = Ladder::default();
        for _ in 0..4 {
            ladder.observe(&Observation {
                threads: &[],
                work: 0.2,
                works: 0.2,
                cores: 2,
                overran: 0.3,
            });
        }
        assert_eq!(ladder.step(), Step::Shut);
    }

    #[test]
    fn cores_add_up_and_threads_do_not() {
        let threads = [ThreadLoad { busy: 0.6, spread: 0.5, writing: 0.4 }; 2];
        let seen =
            |cores| Observation { threads: &threads, work: 0.2, works: 0.2, cores, overran: 0.0 };
        assert!((seen(1).load() - 1.4).abs() < 1e-9, "because one core has to do it all");
        assert!((seen(2).load() - 0.7).abs() < 1e-9);
        assert!((seen(8).load() - 0.6).abs() < 1e-9, "because a thread has one core at most");
    }
}
