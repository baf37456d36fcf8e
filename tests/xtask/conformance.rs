//! The WebSocket conformance suite against the server's own endpoint, which echoes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::command::{cargo, executable, program, quiet, run, target};
use crate::fuzz::FEATURE;
use crate::python;
use crate::tally::Tally;

/// What pip installs, with hashes.
const REQUIREMENTS: &str = "tests/conformance/requirements.txt";
/// Cases that have to be there, or nothing was shown.
const CASES_MIN: usize = 517;
/// Verdicts that are no failure.
const RIGHT: [&str; 3] = ["OK", "NON-STRICT", "INFORMATIONAL"];
/// Cases that ask for compression. None is agreed, so they are unimplemented, and do not
/// count.
const COMPRESSED: [&str; 2] = ["12.", "13."];

/// Builds the endpoint, sets up the suite and runs every case.
///
/// # Errors
/// When something is missing, or a case failed; the sentence names the cases.
pub(crate) fn run_tests(root: &Path) -> Result<Tally, (Tally, String)> {
    let sentence = |text: String| (Tally::default(), text);
    let suite = suite(root).map_err(sentence)?;
    let reports = target().map_err(sentence)?.join("conformance/reports");
    // A report of another run must not pass for this one.
    let _ = fs::remove_dir_all(&reports);
    let mut endpoint = Endpoint::start(root).map_err(sentence)?;
    let address = format!("ws://{}/ws", endpoint.address().map_err(sentence)?);
    let out = reports.to_string_lossy();
    let suite = suite.to_string_lossy();
    let cases = ["--mode", "fuzzingclient", "--outdir", &out, &address];
    // Its exit code is stricter than the suite that it stands for: the report counts.
    quiet(&mut program(&*suite, root, &cases)).map_err(sentence)?;
    let index = reports.join("index.json");
    let text = fs::read_to_string(&index)
        .map_err(|error| sentence(format!("{} cannot be read: {error}", index.display())))?;
    let report = judge(&text);
    if let Ok(tally) = &report {
        println!("{} cases passed, and no case of compression found any", tally.passed);
    }
    report
}

/// The same, for `cargo xtask conformance`.
///
/// # Errors
/// When anything of it fails.
pub(crate) fn run_alone(root: &Path) -> Result<(), String> {
    run_tests(root).map(|_| ()).map_err(|(_, sentence)| sentence)
}

/// The endpoint while it runs.
struct Endpoint(Child);

impl Endpoint {
    fn start(root: &Path) -> Result<Self, String> {
        if !run(&mut cargo(
            root,
            &["build", "--workspace", "--features", FEATURE, "--example", "echo"],
        ))?
        .ok
        {
            return Err("the endpoint does not build".to_owned());
        }
        let path = target()?.join("debug/examples").join(executable("echo"));
        let child = program(&path, root, &[]).stdout(Stdio::piped()).spawn();
        child.map(Self).map_err(|error| format!("{} cannot be started: {error}", path.display()))
    }

    /// Where it listens: the first line that it prints.
    fn address(&mut self) -> Result<String, String> {
        let mut line = String::new();
        if let Some(out) = self.0.stdout.take() {
            let _ = BufReader::new(out).read_line(&mut line);
        }
        let address = line.trim();
        if address.is_empty() {
            return Err("the endpoint ended before it listened".to_owned());
        }
        Ok(address.to_owned())
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The suite, in a virtual environment of its own below cargo's target folder.
fn suite(root: &Path) -> Result<PathBuf, String> {
    Ok(python::environment(root, "conformance/venv", REQUIREMENTS)?.join(executable("kosoku")))
}

/// Reads the report of the suite.
fn judge(text: &str) -> Result<Tally, (Tally, String)> {
    let mut tally = Tally::default();
    let unread = |why: &str| format!("the report of the conformance suite {why}");
    let report: Value = serde_json::from_str(text)
        .map_err(|error| (Tally::default(), unread(&format!("is no JSON: {error}"))))?;
    let (mut failed, mut uncompressed) = (Vec::new(), 0);
    let agents = report.as_object().into_iter().flat_map(|agents| agents.values());
    for (case, found) in agents.filter_map(Value::as_object).flatten() {
        let words = [&found["behavior"], &found["behaviorClose"]];
        let is_right = |word: &Value| word.as_str().is_some_and(|word| RIGHT.contains(&word));
        let is_unimplemented =
            words[0] == "UNIMPLEMENTED" && COMPRESSED.iter().any(|group| case.starts_with(group));
        if is_unimplemented {
            uncompressed += 1;
        } else if words.into_iter().all(is_right) {
            tally.passed += 1;
        } else {
            tally.failed += 1;
            failed.push(format!("{case} ({}, close {})", words[0], words[1]));
        }
    }
    let count = tally.passed + tally.failed + uncompressed;
    if count < CASES_MIN {
        return Err((tally, unread(&format!("has {count} cases, and {CASES_MIN} are the least"))));
    }
    if failed.is_empty() {
        Ok(tally)
    } else {
        Err((tally, format!("the endpoint fails the cases {}", failed.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn report(first: &str, close: &str) -> String {
        let mut cases = serde_json::Map::new();
        for nth in 0..CASES_MIN {
            let word = if nth == 0 { first } else { "OK" };
            cases.insert(format!("1.1.{nth}"), json!({"behavior": word, "behaviorClose": close}));
        }
        cases.insert("12.1.1".to_owned(), json!({"behavior": "UNIMPLEMENTED"}));
        json!({ "endpoint": cases }).to_string()
    }

    #[test]
    fn a_report_is_read_as_the_suite_means_it() {
        for word in RIGHT {
            let tally = judge(&report(word, "OK")).expect("nothing failed");
            assert_eq!((tally.passed, tally.failed, tally.skipped), (CASES_MIN, 0, 0));
        }
        for (word, close) in [("FAILED", "OK"), ("UNIMPLEMENTED", "OK")] {
            let (tally, sentence) = judge(&report(word, close)).expect_err("a case failed");
            assert_eq!(tally.failed, 1, "because only compression may be unimplemented");
            assert!(sentence.contains("1.1.0"), "because the case is named: {sentence}");
        }
        let (tally, _) = judge(&report("OK", "WRONG CODE")).expect_err("closes count");
        assert_eq!(tally.passed, 0);
        assert!(judge("{}").is_err(), "because a report without cases shows nothing");
    }
}
