//! The invariants of `ARCHITECTURE.md` that a machine can check against the sources.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

/// Where sources lie. `client-web/dist`, `node_modules` and what a fuzzer found are made, not
/// written.
const FOLDERS: [&str; 7] = ["server", "shared", "client-web", "client-bot", "tests", "docs", ".ci"];
const SOURCES: [&str; 10] = ["rs", "ts", "mjs", "js", "css", "html", "toml", "md", "yml", "sh"];
const MADE: [&str; 5] = ["node_modules", "dist", "target", "artifacts", "corpus"];
const LINES_MAX: usize = 700;
/// Written by `cargo xtask codegen`, and as long as the wire has types.
const GENERATED: &str = "client-web/src/wire/codec.ts";

/// What the web client's stamp covers.
const STAMPED: [&str; 7] = [
    "src",
    "public",
    "index.html",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
];

struct Source {
    /// Path from the root, with forward slashes.
    path: String,
    text: String,
}

impl Source {
    /// The numbered lines without the comments of Rust, TypeScript and TOML.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let mark = if self.path.ends_with(".toml") { "#" } else { "//" };
        self.text.lines().enumerate().map(move |(n, line)| {
            let end = if line.trim_start().starts_with(mark) {
                0
            } else {
                line.find(&format!(" {mark}")).unwrap_or(line.len())
            };
            (n + 1, &line[..end])
        })
    }

    fn is_rust_below(&self, places: &[&str]) -> bool {
        let below = |place: &&str| {
            self.path.strip_prefix(*place).is_some_and(|rest| rest.starts_with(['/', '.']))
        };
        self.path.ends_with(".rs") && places.iter().any(below)
    }
}

fn sources() -> Vec<Source> {
    let root = throng_tests::root();
    let mut found = Vec::new();
    for folder in FOLDERS {
        gather(&root, &root.join(folder), &mut found);
    }
    for entry in fs::read_dir(&root).expect("the repository can be read") {
        let path = entry.expect("the repository can be read").path();
        if path.is_file() {
            take(&root, &path, &mut found);
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.len() > 50, "because the sources must be found to be checked");
    found
}

fn gather(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("a listed folder can be read").path();
        let is_made = MADE.iter().any(|made| path.ends_with(made));
        if path.is_dir() && !is_made {
            gather(root, &path, found);
        } else if path.is_file() {
            take(root, &path, found);
        }
    }
}

fn take(root: &Path, path: &Path, found: &mut Vec<Source>) {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("sh");
    if !SOURCES.contains(&ending) {
        return;
    }
    let Ok(text) = fs::read_to_string(path) else { return };
    found.push(Source { path: relative(root, path), text });
}

fn relative(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).expect("sources lie below the root");
    path.to_str().expect("paths are UTF-8").replace('\\', "/")
}

/// Fails when a line of code of one of `places` contains one of `words`.
fn forbid(places: &[&str], words: &[&str], because: &str) {
    for source in sources().iter().filter(|source| source.is_rust_below(places)) {
        for (number, line) in source.code() {
            for word in words {
                assert!(
                    !line.contains(word),
                    "{}:{number} names `{word}`: because {because}",
                    source.path
                );
            }
        }
    }
}

const CORE: [&str; 4] =
    ["shared/src", "server/src/sim", "server/src/game", "server/src/replication"];

#[test]
fn the_core_knows_no_runtime_socket_thread_or_clock() {
    forbid(
        &CORE,
        &[
            "tokio",
            "std::net",
            "std::thread",
            "std::fs",
            "Instant",
            "SystemTime",
            "UNIX_EPOCH",
            "rand::",
            "getrandom",
            "RandomState",
            "thread_rng",
        ],
        "what is hard is tested on virtual time, and a seed fixes every tick",
    );
}

#[test]
fn the_network_knows_no_game_and_no_ecs() {
    forbid(
        &["server/src/net"],
        &["bevy_ecs", "crate::game", "crate::sim", "super::game", "super::sim"],
        "network and simulation meet at the link only",
    );
}

#[test]
fn simulation_and_game_know_no_wire_and_no_connection() {
    forbid(
        &["server/src/sim", "server/src/game"],
        &[
            "throng_shared::wire",
            "crate::net",
            "crate::replication",
            "tungstenite",
            "axum",
            "hyper",
        ],
        "one place turns state into messages, and one turns messages into commands",
    );
    forbid(
        &["server/src/sim", "server/src/game"],
        &["Serialize", "Deserialize"],
        "a component is not what goes over the wire",
    );
}

#[test]
fn only_the_wire_names_its_codec() {
    let word = concat!("bin", "code");
    for source in sources().iter().filter(|source| source.path.ends_with(".rs")) {
        if source.is_rust_below(&["shared/src/wire"]) {
            continue;
        }
        for (number, line) in source.code() {
            assert!(
                !line.contains(word),
                "{}:{number} names {word}: because a swap of the codec must change one module",
                source.path
            );
        }
    }
}

#[test]
fn every_queue_has_a_limit() {
    // A bounded channel has the same name, and is given a capacity.
    let words = [
        concat!("unbounded", "("),
        concat!("unbounded", "_channel"),
        concat!("unbounded", "::<"),
        concat!("channel", "()"),
    ];
    let typed = [concat!("channel", "::<"), concat!(">", "()")];
    for source in sources().iter().filter(|source| source.path.ends_with(".rs")) {
        for (number, line) in source.code() {
            let unbounded = words.iter().any(|word| line.contains(word))
                || typed.iter().all(|word| line.contains(word));
            assert!(
                !unbounded,
                "{}:{number} makes an unbounded queue: because every queue that a peer can fill has a limit",
                source.path
            );
        }
    }
}

#[test]
fn hash_order_never_reaches_the_simulation() {
    forbid(
        &CORE,
        &["HashMap", "HashSet"],
        "order that can reach the wire or the digest is by id, never by hash",
    );
}

#[test]
fn files_are_short_and_finished() {
    let unfinished = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
        concat!("to", "do!("),
        concat!("unimpl", "emented!("),
    ];
    for source in sources() {
        let lines = source.text.lines().count();
        assert!(
            lines <= LINES_MAX || source.path == GENERATED,
            "{} has {lines} lines: because a file is read in one sitting",
            source.path
        );
        for (number, line) in source.text.lines().enumerate() {
            let word = unfinished.iter().find(|&&word| line.contains(word));
            assert!(
                word.is_none(),
                "{}:{} has {word:?}: because what is left to do is in the tracker",
                source.path,
                number + 1
            );
        }
    }
}

#[test]
fn no_file_names_the_machine_it_was_written_on() {
    let places = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];
    for source in sources() {
        for (number, line) in source.text.lines().enumerate() {
            assert!(
                !places.iter().any(|place| line.contains(place)),
                "{}:{} names a path of one machine: because the repository is for all",
                source.path,
                number + 1
            );
        }
    }
}

#[test]
fn nothing_a_player_typed_becomes_markup() {
    let words =
        [concat!("inner", "HTML"), concat!("outer", "HTML"), concat!("insertAdjacent", "HTML")];
    for source in sources().iter().filter(|source| source.path.starts_with("client-web/src/")) {
        for (number, line) in source.text.lines().enumerate() {
            assert!(
                !words.iter().any(|word| line.contains(word)),
                "{}:{} writes markup: because names are shown as text",
                source.path,
                number + 1
            );
        }
    }
}

#[test]
fn the_seven_crates_do_real_work() {
    let sources = sources();
    for name in [
        "bevy_ecs",
        "tokio",
        "tokio_tungstenite",
        concat!("bin", "code"),
        "serde",
        "glam",
        "crossbeam_channel",
    ] {
        let path = format!("{name}::");
        let used = sources.iter().any(|source| {
            source.is_rust_below(&["server/src", "shared/src", "client-bot/src"])
                && source.code().any(|(_, line)| line.contains(&path))
        });
        assert!(used, "because the project is built on {name}");
    }
}

#[test]
fn the_readme_quotes_only_what_was_measured() {
    let root = throng_tests::root();
    let text = |name: &str| fs::read_to_string(root.join(name)).expect("the file is there");
    let (readme, capacity) = (text("README.md"), text("docs/capacity.md"));
    let marked = readme.split_once("by `cargo xtask capacity` -->").map(|(_, rest)| rest);
    let quoted = marked.and_then(|rest| rest.split_once("<!-- end")).map(|(quoted, _)| quoted);
    let quoted = quoted.expect("the marks of `cargo xtask capacity` are in README.md").trim();
    assert!(
        !quoted.is_empty() && capacity.contains(quoted),
        "because figures come from docs/capacity.md: run `cargo xtask capacity --render`"
    );
}

#[test]
fn the_committed_web_client_was_built_from_these_sources() {
    let web = throng_tests::root().join("client-web");
    let mut paths = Vec::new();
    for stamped in STAMPED {
        files(&web, &web.join(stamped), &mut paths);
    }
    paths.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
    let mut hash = Sha256::new();
    for path in &paths {
        let content = fs::read(web.join(path)).expect("a listed file can be read");
        hash.update(path);
        hash.update([0]);
        hash.update(with_unix_line_ends(&content));
        hash.update([0]);
    }
    let found: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let stamp = fs::read_to_string(web.join("dist/SOURCES")).unwrap_or_default();
    assert_eq!(
        stamp.trim(),
        found,
        "because client-web/dist is served as committed: run `npm run build` in client-web and commit dist"
    );
}

fn files(web: &Path, path: &Path, found: &mut Vec<String>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("the sources can be read") {
            files(web, &entry.expect("the sources can be read").path(), found);
        }
    } else if path.is_file() {
        found.push(relative(web, path));
    }
}

fn with_unix_line_ends(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len());
    for (index, &byte) in content.iter().enumerate() {
        if byte != b'\r' || content.get(index + 1) != Some(&b'\n') {
            out.push(byte);
        }
    }
    out
}
