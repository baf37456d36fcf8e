//! Players who come and go: nothing of them stays behind.

use super::{complaint, run};

/// A few; `cargo xtask test` lets five hundred come and go for a minute, on an optimised build.
#[test]
fn who_came_and_went_leaves_nothing_behind() {
    let output =
        run(&["stress", "churn", "--players", "60", "--rate", "10", "--seconds", "12", "--json"]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "because nothing may stay: {told}{said}");
    let churned: serde_json::Value = serde_json::from_str(&told).expect("one object");
    let joined = churned["joined"].as_u64().expect("a number");
    assert!(joined > 90, "because ten a second come besides the first: {told}");
    assert_eq!(churned["players_after"], 0, "{told}");
}

#[test]
fn too_many_players_are_refused_before_any_comes() {
    let text = complaint(&["stress", "churn", "--players", "9000"]);
    assert!(text.contains("--players 9000"), "{text}");
}
