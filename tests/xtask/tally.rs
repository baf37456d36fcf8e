//! Counts of tests, read from what the test runners print.

use std::ops::AddAssign;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl Tally {
    fn add(&mut self, what: &str, count: usize) {
        match what {
            "passed" | "pass" => self.passed += count,
            "failed" | "fail" | "cancelled" => self.failed += count,
            "skipped" | "ignored" | "todo" => self.skipped += count,
            _ => {}
        }
    }
}

/// Sums the lines `test result: ok. 3 passed; 0 failed; 1 ignored; …` of cargo.
pub(crate) fn of_cargo(output: &str) -> Tally {
    let mut tally = Tally::default();
    for line in output.lines().filter_map(|line| line.trim().strip_prefix("test result: ")) {
        add_pairs(&mut tally, line.split_once(". ").map_or("", |(_, counts)| counts), ';');
    }
    tally
}

/// Reads the line `Tests  1 failed | 3 passed (4)` of vitest.
pub(crate) fn of_vitest(output: &str) -> Tally {
    let mut tally = Tally::default();
    for line in output.lines().filter_map(|line| line.trim().strip_prefix("Tests ")) {
        add_pairs(&mut tally, line.split_once('(').map_or(line, |(counts, _)| counts), '|');
    }
    tally
}

/// Reads the lines `ℹ pass 3` at the end of Node's own runner.
pub(crate) fn of_node(output: &str) -> Tally {
    let mut tally = Tally::default();
    for line in output.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let ["ℹ" | "#", what, count] = words[..]
            && let Ok(count) = count.parse()
        {
            tally.add(what, count);
        }
    }
    tally
}

fn add_pairs(tally: &mut Tally, counts: &str, between: char) {
    for pair in counts.split(between) {
        let words: Vec<&str> = pair.split_whitespace().collect();
        if let [count, what] = words[..]
            && let Ok(count) = count.parse()
        {
            tally.add(what, count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_runner_is_understood() {
        let cargo = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
                     test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(of_cargo(cargo), Tally { passed: 14, failed: 3, skipped: 1 });
        let vitest = " Test Files  1 failed | 2 passed (3)\n      Tests  1 failed | 30 passed | 2 skipped (33)";
        assert_eq!(of_vitest(vitest), Tally { passed: 30, failed: 1, skipped: 2 });
        let node =
            "ℹ tests 5\nℹ suites 0\nℹ pass 3\nℹ fail 1\nℹ cancelled 1\nℹ skipped 0\nℹ todo 0";
        assert_eq!(of_node(node), Tally { passed: 3, failed: 2, skipped: 0 });
    }
}
