//! Node, npm and the web client's packages.

use std::fs;
use std::path::Path;

use crate::command::{program, quiet, run};

/// Oldest Node whose test runner and tools the web client needs.
const NODE_MAJOR_MIN: u32 = 20;
/// A copy of the lock file from which the packages were installed.
const STAMP: &str = "node_modules/.installed-package-lock.json";

/// Makes sure that Node is there and the packages are the locked ones.
///
/// # Errors
/// When Node or npm is missing or too old, or the packages cannot be installed.
pub(crate) fn prepare(root: &Path) -> Result<(), String> {
    let found = version(root, "node").ok_or_else(|| {
        format!("node is missing: install Node {NODE_MAJOR_MIN} or newer, with npm")
    })?;
    let major =
        found.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
    if major.is_none_or(|major: u32| major < NODE_MAJOR_MIN) {
        return Err(format!("node is {found}, and the web client needs {NODE_MAJOR_MIN} or newer"));
    }
    if version(root, "npm").is_none() {
        return Err("npm is missing: install it beside node".to_owned());
    }
    let web = root.join("client-web");
    let lock = fs::read(web.join("package-lock.json"))
        .map_err(|error| format!("client-web/package-lock.json cannot be read: {error}"))?;
    if fs::read(web.join(STAMP)).is_ok_and(|installed| installed == lock) {
        println!("the packages of client-web are the locked ones");
        return Ok(());
    }
    if !run(&mut program("npm", &web, &["ci"]))?.ok {
        return Err("npm ci failed in client-web".to_owned());
    }
    fs::write(web.join(STAMP), lock)
        .map_err(|error| format!("client-web/{STAMP} cannot be written: {error}"))
}

/// What `--version` prints, when the program is there.
fn version(root: &Path, name: &str) -> Option<String> {
    let ended = quiet(&mut program(name, root, &["--version"])).ok()?;
    ended.ok.then(|| ended.output.trim().to_owned())
}
