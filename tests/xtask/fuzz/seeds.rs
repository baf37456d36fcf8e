//! The golden vectors as inputs of the fuzzer: it begins where the wire is today.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// Bytes of one input that are made of recorded frames.
const SCRIPT_BYTES: usize = 4000;
/// What a script of `server_session` does before it says something: Hello, and the room
/// takes the player in.
const JOIN: [u8; 3] = [1, 3, 5];

/// Writes the seeds of a target into a folder.
///
/// # Errors
/// When the golden vectors cannot be read, or the folder not written.
pub(super) fn write(root: &Path, name: &str, folder: &Path) -> Result<(), String> {
    let vectors = [items(root, "messages")?, items(root, "malformed")?].concat();
    let of = |kind: &str| -> Vec<Vec<u8>> {
        vectors.iter().filter(|item| item["type"] == kind).map(bytes).collect()
    };
    let seeds = match name {
        "client_message" => of("ClientMessage"),
        "server_message" => of("ServerMessage"),
        "server_session" => {
            let said = |frame: &Vec<u8>| [&JOIN[..], &[0], &framed(frame)].concat();
            of("ClientMessage").iter().map(said).collect()
        }
        "client_session" => scripts(root, of("ServerMessage"), &[1])?,
        "view" => scripts(root, of("ServerMessage"), &[])?,
        // Their corpus is all that they begin with.
        _ => Vec::new(),
    };
    for (nth, seed) in seeds.iter().enumerate() {
        fs::write(folder.join(format!("golden-{nth}")), seed)
            .map_err(|error| format!("{} cannot be written: {error}", folder.display()))?;
    }
    Ok(())
}

/// The recorded session in pieces, and every message by itself behind a Welcome; `before`
/// stands before every frame.
fn scripts(root: &Path, messages: Vec<Vec<u8>>, before: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let recorded: Vec<Vec<u8>> = items(root, "session")?.iter().map(bytes).collect();
    let Some((welcome, frames)) = recorded.split_first() else { return Ok(Vec::new()) };
    let put = |script: &mut Vec<u8>, frame: &[u8]| {
        script.extend_from_slice(before);
        script.extend(framed(frame));
    };
    let begun = || {
        let mut script = Vec::new();
        put(&mut script, welcome);
        script
    };
    let mut scripts = Vec::new();
    for message in messages {
        let mut script = begun();
        put(&mut script, &message);
        scripts.push(script);
    }
    let mut script = begun();
    for frame in frames {
        if script.len() + frame.len() > SCRIPT_BYTES {
            scripts.push(std::mem::replace(&mut script, begun()));
        }
        put(&mut script, frame);
    }
    scripts.push(script);
    Ok(scripts)
}

/// A frame behind its length, as the targets read it.
fn framed(frame: &[u8]) -> Vec<u8> {
    let len = u16::try_from(frame.len()).unwrap_or(u16::MAX);
    [&len.to_le_bytes()[..], &frame[..usize::from(len)]].concat()
}

fn items(root: &Path, name: &str) -> Result<Vec<Value>, String> {
    let path = root.join(format!("tests/golden/{name}.json"));
    let unread = |why: String| format!("{} cannot be read: {why}", path.display());
    let text = fs::read_to_string(&path).map_err(|error| unread(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| unread(error.to_string()))
}

fn bytes(item: &Value) -> Vec<u8> {
    let hex = item["hex"].as_str().unwrap_or_default();
    let pairs = (0..hex.len() / 2).filter_map(|nth| hex.get(nth * 2..nth * 2 + 2));
    pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}
