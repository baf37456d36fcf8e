//! Python, and virtual environments below cargo's target folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{executable, program, quiet, run, target};

/// The folder of programs of an environment with exactly the packages that a file names, each
/// with its hash.
///
/// # Errors
/// When Python is missing or too old, or the packages cannot be installed.
pub(crate) fn environment(
    root: &Path,
    folder: &str,
    requirements: &str,
) -> Result<PathBuf, String> {
    let venv = target()?.join(folder);
    let programs = venv.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let wanted = fs::read(root.join(requirements))
        .map_err(|error| format!("{requirements} cannot be read: {error}"))?;
    let stamp = venv.join("requirements.txt");
    if programs.is_dir() && fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(programs);
    }
    let python = python(root).ok_or(
        "Python is missing: the tests need Python 3.10 or newer with venv and pip (on Debian: \
         apt-get install python3-venv python3-pip)",
    )?;
    let into = venv.to_string_lossy();
    if !run(&mut program(python, root, &["-m", "venv", "--clear", &into]))?.ok {
        return Err(format!(
            "{python} cannot make a virtual environment: install its module venv (on Debian: \
             apt-get install python3-venv)"
        ));
    }
    let pip = ["-m", "pip", "--disable-pip-version-check", "--quiet", "install"];
    let what = ["--require-hashes", "--only-binary=:all:", "--requirement", requirements];
    let arguments = [&pip[..], &what].concat();
    if !run(&mut program(programs.join(executable("python")), root, &arguments))?.ok {
        return Err(format!("pip could not install what {requirements} names"));
    }
    fs::write(&stamp, wanted).map_err(|error| format!("{into} cannot be written: {error}"))?;
    Ok(programs)
}

/// A Python that is new enough.
fn python(root: &Path) -> Option<&'static str> {
    let is_new = "import sys; sys.exit(sys.version_info < (3, 10))";
    ["python3", "python"]
        .into_iter()
        .find(|name| quiet(&mut program(name, root, &["-c", is_new])).is_ok_and(|ended| ended.ok))
}
