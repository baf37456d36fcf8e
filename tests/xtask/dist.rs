//! Holds the committed build of the web client against a fresh one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{program, run, target};

/// Builds the web client beside the committed build and compares every byte.
///
/// # Errors
/// When it does not build, or the builds differ.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let web = root.join("client-web");
    let fresh = target()?.join("client-web-dist");
    let out = fresh.to_str().ok_or("the target folder's name is not UTF-8")?;
    let arguments = ["run", "build", "--", "--outDir", out, "--emptyOutDir"];
    if !run(&mut program("npm", &web, &arguments))?.ok {
        return Err("the web client does not build".to_owned());
    }
    let (committed, fresh) = (files(&web.join("dist"))?, files(&fresh)?);
    let names = committed.keys().chain(fresh.keys());
    let differs = names.into_iter().find(|&name| committed.get(name) != fresh.get(name));
    match differs {
        None => Ok(()),
        Some(name) => Err(format!(
            "client-web/dist/{} is not what the sources give: run `npm run build` in client-web and commit dist",
            name.display()
        )),
    }
}

/// Every file below a folder by its path in it.
fn files(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>, String> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        let unreadable = |error| format!("{} cannot be read: {error}", next.display());
        for entry in fs::read_dir(&next).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let name = path.strip_prefix(folder).map_err(|error| error.to_string())?;
                found.insert(name.to_owned(), fs::read(&path).map_err(unreadable)?);
            }
        }
    }
    Ok(found)
}
