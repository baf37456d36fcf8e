//! The committed corpus of the fuzzer, and the golden vectors, through every target.

#[path = "../fuzz/targets.rs"]
mod targets;

use std::fs;

use targets::{TARGETS, run};

/// Files that a target's corpus may have: it is replayed with every run of the tests.
const FILES_MAX: usize = 400;

#[test]
fn what_was_found_once_breaks_nothing() {
    let corpus = throng_tests::root().join("tests/fuzz/corpus");
    let mut folders: Vec<String> = fs::read_dir(&corpus)
        .expect("the corpus is committed")
        .map(|entry| entry.expect("a listed folder can be read").file_name())
        .map(|name| name.into_string().expect("names are UTF-8"))
        .collect();
    folders.sort();
    let mut names: Vec<&str> = TARGETS.iter().map(|&(name, _)| name).collect();
    names.sort_unstable();
    assert_eq!(folders, names, "because every target has a corpus, and nothing else has");
    for &(name, target) in TARGETS {
        let files = fs::read_dir(corpus.join(name)).expect("the folder is there");
        let files: Vec<_> = files.map(|file| file.expect("a listed file").path()).collect();
        assert!(
            (1..=FILES_MAX).contains(&files.len()),
            "because {name} needs a few inputs, not {}",
            files.len()
        );
        for file in files {
            // The name of a test that panics is not enough to find the input.
            println!("{}", file.display());
            run(target, &fs::read(&file).expect("a listed file can be read"));
        }
    }
}
