//! `cargo xtask capacity`: measures what a machine holds, and writes it down.
//!
//! Every figure that a document quotes comes from here: `docs/capacity.md`, its
//! charts, and the lines between the marks in README.md.

mod page;
mod runs;

use std::path::Path;

pub(crate) use self::runs::Length;
use self::runs::Runs;
use crate::command::{cargo, quiet, run, target};

/// Where the raw results are kept, in cargo's target folder.
const RESULTS: &str = "capacity";
/// Marks of the lines in README.md that are written here.
const BEGIN: &str = "<!-- from docs/capacity.md, by `cargo xtask capacity` -->\n";
const END: &str = "<!-- end of what `cargo xtask capacity` writes -->";

/// Whether to measure, or to write the page anew from what was measured last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Measure(Length),
    Render,
}

/// Measures (about three quarters of an hour, or a few minutes) and writes.
///
/// # Errors
/// When something cannot be built, run or written.
pub(crate) fn write(root: &Path, mode: Mode) -> Result<(), String> {
    let target = target()?;
    let results = match mode {
        Mode::Measure(Length::Quick) => target.join(RESULTS).join("quick"),
        Mode::Measure(Length::Full) | Mode::Render => target.join(RESULTS),
    };
    let commit = match mode {
        Mode::Measure(length) => {
            let built = run(&mut cargo(root, &["build", "--release", "--package", "throng"]))?;
            if !built.ok {
                return Err("the release build failed".to_owned());
            }
            let commit = commit(root)?;
            // Results without it are of nobody knows what, until all of them are there.
            let _ = std::fs::remove_file(results.join("commit"));
            runs::measure(&target.join("release/throng"), &results, length)?;
            put(&results.join("commit"), &commit)?;
            if length == Length::Quick {
                println!("{}", page::page(&Runs::read(&results)?, commit.trim()));
                return Ok(());
            }
            commit
        }
        Mode::Render => get(&results.join("commit")).map_err(|error| {
            format!("{error}: nothing was measured yet, run `cargo xtask capacity`")
        })?,
    };
    let runs = Runs::read(&results)?;
    let docs = root.join("docs");
    put(&docs.join("capacity.md"), &page::page(&runs, commit.trim()))?;
    for (name, chart) in page::charts(&runs) {
        put(&docs.join(name), &(chart + "\n"))?;
    }
    let readme = root.join("README.md");
    put(&readme, &with_summary(&get(&readme)?, &page::summary(&runs))?)
}

/// Commit of the tree, and whether it was changed since.
fn commit(root: &Path) -> Result<String, String> {
    let git = |arguments: &[&str]| quiet(&mut crate::command::program("git", root, arguments));
    let head = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--untracked-files=no"])?;
    let and = if changed.output.trim().is_empty() { "" } else { ", with changes" };
    Ok(format!("{}{and}", head.output.trim()))
}

fn with_summary(readme: &str, summary: &str) -> Result<String, String> {
    let unmarked = || format!("README.md has no lines between {BEGIN:?} and {END:?}");
    let (before, rest) = readme.split_once(BEGIN).ok_or_else(unmarked)?;
    let (_, after) = rest.split_once(END).ok_or_else(unmarked)?;
    Ok(format!("{before}{BEGIN}\n{summary}\n{END}{after}"))
}

fn get(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

fn put(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text)
        .map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let readme = format!("before\n{BEGIN}old\n{END}\nafter\n");
        let written = with_summary(&readme, "new\n").expect("the marks are there");
        assert_eq!(written, format!("before\n{BEGIN}\nnew\n\n{END}\nafter\n"));
        let again = with_summary(&written, "new\n").expect("the marks are still there");
        assert_eq!(again, written, "because writing twice changes nothing");
        assert!(with_summary("no marks", "new").is_err());
    }
}
