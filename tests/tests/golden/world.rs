//! Check values, focus rectangles and names.

use glam::IVec2;
use serde_json::{Value, json};
use throng_shared::cells::{CellGrid, Focus};
use throng_shared::check::CellCheck;
use throng_shared::ids::{BoltId, NetId, ShardId};
use throng_shared::lattice::SUB;
use throng_shared::limits::HP_MAX;
use throng_shared::map::TileMap;
use throng_shared::motion::{Flight, Rules};
use throng_shared::prng::Prng;
use throng_shared::session::{Name, NameError};
use throng_shared::wire::Condition;

use super::motion::{numbers, walked};
use super::values::LONGEST_NAME;
use super::{default_map, lines, settle};

#[test]
fn a_check_value_is_the_same_everywhere() {
    let (map, spawns) = default_map();
    let rules = Rules::new(30);
    let mut rng = Prng::new(5);
    let cells: Vec<Value> = (0..40).map(|_| check(&mut rng, &rules, &map, &spawns)).collect();
    settle("checks.json", &lines(&cells));
}

fn check(rng: &mut Prng, rules: &Rules, map: &TileMap, spawns: &[IVec2]) -> Value {
    let mut check = CellCheck::default();
    let (mut gliders, mut bolts, mut shards) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rng.below(5) {
        let from = spawns[rng.below(spawns.len() as u32) as usize];
        let (body, steer) = walked(rng, rules, map, from);
        let id = NetId(rng.next_u32() as u16);
        let hp = rng.next_u8() % (HP_MAX + 1);
        let condition = Condition::new(hp, rng.one_in(4));
        check.glider(id, &body, steer, condition);
        let [heading, thrust, left, rest, condition] =
            [steer.heading, steer.thrust, body.dash_left, body.dash_rest, condition.bits()]
                .map(i32::from);
        let (pos, vel) = (body.pos, body.vel);
        gliders.push(numbers(&[
            i32::from(id.0),
            pos.x,
            pos.y,
            vel.x,
            vel.y,
            heading,
            thrust,
            left,
            rest,
            condition,
        ]));
    }
    for _ in 0..rng.below(3) {
        let pos = spawns[rng.below(spawns.len() as u32) as usize];
        let flight = Flight { pos, heading: rng.next_u8(), left: rng.next_u8() };
        let id = BoltId(rng.next_u32() as u16);
        check.bolt(id, &flight);
        let [heading, left] = [flight.heading, flight.left].map(i32::from);
        bolts.push(numbers(&[i32::from(id.0), pos.x, pos.y, heading, left]));
    }
    for _ in 0..rng.below(4) {
        let (id, value) = (ShardId(rng.next_u32() as u16), rng.next_u8());
        check.shard(id, value);
        shards.push(numbers(&[i32::from(id.0), i32::from(value)]));
    }
    json!({"gliders": gliders, "bolts": bolts, "shards": shards, "value": check.value()})
}

#[test]
fn a_focus_is_the_same_everywhere() {
    let mut rng = Prng::new(9);
    let mut items = Vec::new();
    for (width, height) in [(96, 64), (40, 24), (200, 120), (1024, 1024)] {
        let map = TileMap::walled(width, height).expect("the sizes are allowed");
        let grid = CellGrid::of(&map);
        let edge = IVec2::new(width, height) * SUB;
        let mut at = edge / 2;
        let mut held = None;
        let path: Vec<Value> = (0..80)
            .map(|turn| {
                let reach = if turn % 20 == 19 { 80 * SUB } else { 2 * SUB };
                let mut off = || rng.below(2 * reach.cast_unsigned()).cast_signed() - reach;
                at = (at + IVec2::new(off(), off())).clamp(IVec2::ZERO, edge - 1);
                let focus = Focus::around(at, held, grid);
                held = Some(focus);
                let [x, y, w, h] = [focus.x, focus.y, focus.w, focus.h].map(i32::from);
                numbers(&[at.x, at.y, x, y, w, h])
            })
            .collect();
        items.push(json!({"columns": grid.columns, "rows": grid.rows, "path": path}));
    }
    settle("focus.json", &lines(&items));
}

/// A letter under so many marks.
fn zalgo(marks: usize) -> String {
    format!("Z{}", "\u{335}".repeat(marks))
}

#[test]
fn a_name_is_judged_the_same_everywhere() {
    let texts = [
        "Ada",
        "  Ada ",
        "\tAda\n",
        "",
        "   ",
        "1234567890123456",
        "12345678901234567",
        "飛行士たちの長い名前",
        LONGEST_NAME,
        "🛸🛸🛸🛸🛸🛸🛸🛸🛸🛸🛸🛸🛸🛸🛸🛸🛸",
        "a\u{202E}b",
        "a\u{200B}b",
        "a\nb",
        "a\0b",
        "\u{2066}x",
        "\u{FEFF}Ada",
        "\u{00A0}Ada\u{3000}",
        "Zoë",
        "e\u{301}",
        "\u{AD}",
        "\u{7F}",
        "\u{E0041}",
        "\u{85}Ada",
        "<b>Ada</b>",
        "a  b",
        "a \u{3000}\u{2003} b",
        "Ａｄａ",
        "ﬁsh",
        "①②③",
        "\u{E9}",
        "\u{1112}\u{1161}\u{11AB}\u{1100}\u{1173}\u{11AF}",
        "\u{FF76}\u{FF9E}",
        "\u{A8}Ada",
        "👨\u{200D}👩\u{200D}👧",
        "👩🏽\u{200D}🚀",
        "🏳\u{FE0F}\u{200D}🌈",
        "1\u{FE0F}\u{20E3}",
        "🇦🇹🇦🇹🇦🇹🇦🇹🇦🇹🇦🇹🇦🇹🇦🇹",
        "🇦🇹🇦🇹🇦🇹🇦🇹🇦🇹🇦🇹🇦🇹🇦🇹🇦",
        "👨\u{200D}👩\u{200D}👧👨\u{200D}👩\u{200D}👧👨\u{200D}👩\u{200D}👧👨\u{200D}👩\u{200D}👧",
        "\u{915}\u{93E}\u{917}\u{93F}",
        "a\u{200D}b",
        "a\u{200C}b",
        "👩\u{200D}",
        "👩\u{200D}a",
        "👩\u{200D}\u{200D}👩",
        "👩e\u{301}\u{200D}👩",
        "a\u{FE0F}",
        "a\u{FE00}",
        "\u{845B}\u{E0100}",
        "1🏽\u{FE0F}",
        "a\u{34F}b",
        "\u{3164}",
        "\u{FFA0}a",
        "\u{2800}",
        "a\u{61C}b",
        "a\u{2028}b",
        "\u{E000}",
        "\u{10FFFD}",
        "مرحبا بالعالم",
        "שלום",
        &zalgo(31),
        &zalgo(32),
        &zalgo(128),
        &format!("a{}b", " ".repeat(254)),
        &format!("a{}b", " ".repeat(255)),
        "\u{FDFA}",
        "\u{FDFA}\u{FDFA}",
    ];
    let items = texts.map(|text| match Name::parse(text) {
        Ok(name) => json!({"text": text, "name": name.as_str()}),
        Err(error) => {
            let error = match error {
                NameError::Empty => "Empty",
                NameError::TooLong => "TooLong",
                NameError::Unprintable => "Unprintable",
            };
            json!({"text": text, "error": error})
        }
    });
    settle("names.json", &lines(&items));
}
