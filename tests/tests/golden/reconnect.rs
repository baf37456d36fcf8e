//! `reconnect.json`: when a client connects again.

use serde_json::{Value, json};
use throng_shared::prng::Prng;
use throng_shared::session::{Comeback, Reconnect, Stage};
use throng_shared::time::Millis;

use super::{lines, settle};

const PLANS: usize = 40;
const STEPS: usize = 60;

#[test]
fn a_comeback_is_planned_the_same_everywhere() {
    let mut rng = Prng::new(23);
    let items: Vec<Value> = (0..PLANS).map(|_| plan(&mut rng)).collect();
    settle("reconnect.json", &lines(&items));
}

fn plan(rng: &mut Prng) -> Value {
    let mut now = Millis(u64::from(rng.below(100_000)));
    let start = now;
    let mut plan = Reconnect::new(now);
    let mut steps = Vec::new();
    for _ in 0..STEPS {
        let pause = [10, 1_000, 15_000][rng.below(3) as usize];
        now = now.plus(u64::from(rng.below(pause)));
        let [retry_after_ms, chance] = match rng.below(4) {
            0 => [rng.below(70_000), rng.next_u32()],
            1 => [0, [0, u32::MAX][rng.below(2) as usize]],
            _ => [0, rng.next_u32()],
        };
        let (what, began) = match (plan.stage(), rng.below(12)) {
            (_, 0) if steps.len() > STEPS / 2 => {
                plan.handle_end(now, Comeback::Never, retry_after_ms, chance);
                ("never", false)
            }
            (Stage::Trying, 1..6) => {
                plan.handle_welcome(now);
                ("welcome", false)
            }
            (Stage::Trying | Stage::Up(_), _) => {
                plan.handle_end(now, Comeback::Retry, retry_after_ms, chance);
                ("end", false)
            }
            (Stage::Waiting { .. } | Stage::Over, 1..4) => {
                plan.handle_hint(now);
                ("hint", false)
            }
            (Stage::Waiting { .. } | Stage::Over, 4..6) => {
                plan.handle_wish(now);
                ("wish", false)
            }
            (Stage::Waiting { .. } | Stage::Over, _) => ("poll", plan.poll(now)),
        };
        let (stage, at) = match plan.stage() {
            Stage::Trying => ("Trying", None),
            Stage::Up(_) => ("Up", None),
            Stage::Waiting { at, .. } => ("Waiting", Some(at.0)),
            Stage::Over => ("Over", None),
        };
        steps.push(json!([what, now.0, retry_after_ms, chance, began, stage, at]));
    }
    json!({"start": start.0, "steps": steps})
}
