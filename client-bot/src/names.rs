//! What bots are called.

/// Names of house bots, six to ten letters.
const HOUSE: [&str; 64] = [
    "Acorns", "Bramble", "Biscuit", "Bumbler", "Button", "Cinder", "Clover", "Cobble", "Comets",
    "Cricket", "Crumble", "Custard", "Dapple", "Domino", "Dumpling", "Embers", "Fennel", "Fidget",
    "Flicker", "Freckle", "Fumble", "Gadget", "Ginger", "Gizmos", "Hazelnut", "Hopper", "Jangle",
    "Jigsaw", "Juniper", "Kettle", "Lantern", "Magpie", "Marble", "Marmot", "Meadow", "Muffin",
    "Mustard", "Noodle", "Nutmeg", "Pebble", "Pepper", "Pickle", "Pigeon", "Pretzel", "Puddle",
    "Quiver", "Radish", "Rascal", "Rattle", "Ripple", "Saffron", "Scamper", "Skitter", "Sparrow",
    "Sprocket", "Teacup", "Thimble", "Tinker", "Toffee", "Truffle", "Tumble", "Waffle", "Whisker",
    "Zigzag",
];

/// The name of the house's bot `number`; beyond the list a number is added.
#[must_use]
pub fn house_bot(number: usize) -> String {
    let name = HOUSE[number % HOUSE.len()];
    match number / HOUSE.len() {
        0 => name.to_owned(),
        round => format!("{name} {}", round + 1),
    }
}

/// The name of bot `number` of a load.
#[must_use]
pub fn load_bot(brain: &str, number: usize) -> String {
    format!("{brain} {number}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use throng_shared::limits::HOUSE_BOTS_MAX;
    use throng_shared::session::Name;

    use super::*;

    #[test]
    fn every_bot_has_a_name_of_its_own_that_a_server_takes() {
        let names: BTreeSet<String> = (0..HOUSE_BOTS_MAX).map(house_bot).collect();
        assert_eq!(names.len(), HOUSE_BOTS_MAX, "because names are told apart");
        for name in names.iter().chain([&load_bot("wander", 99_999)]) {
            assert!(Name::parse(name).is_ok(), "because {name:?} must pass as a name");
        }
        for name in HOUSE {
            assert!((6..=10).contains(&name.len()), "because {name:?} must fit over a glider");
        }
    }
}
