//! The browser tests: a release build of the server and a real Chromium.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{executable, program, quiet, run};
use crate::python;
use crate::release;
use crate::tally::{self, Tally};

/// What pip installs for the client in Python: the same as for the bots.
const REQUIREMENTS: &str = "tests/bots/requirements.txt";
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Builds the server, finds Chromium and runs `tests/browser`.
///
/// # Errors
/// When the server does not build, Chromium is missing, or a test fails.
pub(crate) fn run_tests(root: &Path) -> Result<Tally, (Tally, String)> {
    let sentence = |text: String| (Tally::default(), text);
    let chromium = chromium(root).map_err(sentence)?;
    println!("the browser is {}", chromium.to_string_lossy());
    let python = python::environment(root, "bots/venv", REQUIREMENTS).map_err(sentence)?;
    let programs = release::build(root).map_err(sentence)?;
    let tests = files(root).map_err(sentence)?;
    let mut arguments = vec!["--test", "--test-reporter=spec", "--test-concurrency=1"];
    arguments.extend(tests.iter().map(String::as_str));
    let mut command = program("node", &root.join("tests/browser"), &arguments);
    command
        .env("THRONG_BIN", programs.server)
        .env("THRONG_CHROMIUM", chromium)
        .env("THRONG_PYTHON", python.join(executable("python")));
    let ended = run(&mut command).map_err(sentence)?;
    let tally = tally::of_node(&ended.output);
    if ended.ok { Ok(tally) } else { Err((tally, "a browser test failed".to_owned())) }
}

/// The same, for `cargo xtask browser`.
///
/// # Errors
/// When anything of it fails.
pub(crate) fn run_alone(root: &Path) -> Result<(), String> {
    run_tests(root).map(|_| ()).map_err(|(_, sentence)| sentence)
}

/// Every test file in `tests/browser`, sorted.
fn files(root: &Path) -> Result<Vec<String>, String> {
    let unreadable = |error| format!("tests/browser cannot be read: {error}");
    let mut found = Vec::new();
    for entry in fs::read_dir(root.join("tests/browser")).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".test.mjs") {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

/// The browser to drive; on Debian, root gets one installed.
fn chromium(root: &Path) -> Result<OsString, String> {
    if let Some(named) = env::var_os("THRONG_CHROMIUM") {
        return if Path::new(&named).is_file() {
            Ok(named)
        } else {
            Err(format!("THRONG_CHROMIUM names {}, which is no file", named.to_string_lossy()))
        };
    }
    if let Some(found) = in_path() {
        return Ok(found);
    }
    let is_root = quiet(&mut program("id", root, &["-u"])).is_ok_and(|id| id.output.trim() == "0");
    if is_root && Path::new("/etc/debian_version").exists() {
        for arguments in [&["update"][..], &["install", "--yes", "chromium"]] {
            let mut apt = program("apt-get", root, arguments);
            if !run(apt.env("DEBIAN_FRONTEND", "noninteractive"))?.ok {
                return Err("Chromium is missing, and apt-get could not install it".to_owned());
            }
        }
    }
    in_path().ok_or_else(|| {
        "Chromium is missing: install it, or name one in the variable THRONG_CHROMIUM".to_owned()
    })
}

fn in_path() -> Option<OsString> {
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let files = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    files.into_iter().find(|file| file.is_file()).map(PathBuf::into_os_string)
}
