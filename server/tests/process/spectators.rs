//! What somebody costs who looks on, as `throng stress spectators` tells it.

use super::{complaint, run};

#[test]
fn what_looking_on_costs_is_told_beside_what_playing_does() {
    let arguments = ["stress", "spectators", "--players", "15", "--seconds", "1", "--json"];
    let output = run(&arguments);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    let compared: serde_json::Value = serde_json::from_str(&told).expect("one object");
    assert_eq!(compared["players"], 15);
    for kind in ["player", "spectator"] {
        let bytes = &compared[kind]["bytes_down_s"];
        assert!(bytes.as_f64().is_some_and(|bytes| bytes > 0.0), "because it sees: {told}");
    }
    // How long something takes is for a machine that has nothing else to do; what is said is not.
    let up = compared["bytes_up_ratio"].as_f64();
    assert!(up.is_some_and(|up| up > 0.0 && up < 1.0), "because it sends no inputs: {told}");
}

#[test]
fn more_than_a_room_takes_of_a_kind_are_refused_at_once() {
    let text = complaint(&["stress", "spectators", "--players", "5000"]);
    assert!(text.contains("5000 is over 1024"), "{text}");
}
