//! libFuzzer over one target, which `THRONG_FUZZ_TARGET` names. `cargo xtask fuzz` builds
//! it with the counters that show which bytes lead somewhere new, and runs it.

#![no_main]

mod targets;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<targets::Target> = LazyLock::new(|| {
    let name = std::env::var("THRONG_FUZZ_TARGET").unwrap_or_default();
    let found = targets::TARGETS.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("THRONG_FUZZ_TARGET is {name:?}, which is no target")).1
});

fuzz_target!(|bytes: &[u8]| targets::run(*TARGET, bytes));
