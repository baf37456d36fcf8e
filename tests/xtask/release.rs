//! What is tested as it is shipped: built by one command, so that all of it shares what it
//! depends on.

use std::path::{Path, PathBuf};

use crate::command::{cargo, executable, run, target};
use crate::tally::{self, Tally};

/// Packages of the build. Named together wherever one of them is built: cargo unites the features of what is named,
/// and with others it would build anew what they depend on.
const PACKAGES: [&str; 4] = ["--package", "throng", "--package", "throng-bot"];

/// Programs of the release build.
pub(crate) struct Programs {
    pub(crate) server: PathBuf,
    /// The bot of docs/bots.md in Rust.
    pub(crate) wander: PathBuf,
}

/// Builds them.
///
/// # Errors
/// When something does not build.
pub(crate) fn build(root: &Path) -> Result<Programs, String> {
    let what = ["--bin", "throng", "--example", "wander", "--test", "determinism"];
    let arguments = [&["build", "--release"][..], &PACKAGES, &what].concat();
    if !run(&mut cargo(root, &arguments))?.ok {
        return Err("the release does not build".to_owned());
    }
    let release = target()?.join("release");
    Ok(Programs {
        server: release.join(executable("throng")),
        wander: release.join("examples").join(executable("wander")),
    })
}

/// The same digest as in debug: that is all that a release build can get wrong alone.
///
/// # Errors
/// When something does not build, or a digest is another.
pub(crate) fn run_tests(root: &Path) -> Result<Tally, (Tally, String)> {
    let sentence = |text: String| (Tally::default(), text);
    build(root).map_err(sentence)?;
    let arguments = [&["test", "--release"][..], &PACKAGES, &["--test", "determinism"]].concat();
    let ended = run(&mut cargo(root, &arguments)).map_err(sentence)?;
    let tally = tally::of_cargo(&ended.output);
    if ended.ok {
        Ok(tally)
    } else {
        Err((tally, "a release build computes another world".to_owned()))
    }
}
