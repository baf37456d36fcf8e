//! The committed maps, read without the server's own loader.

use std::fs;

use glam::IVec2;
use serde_json::Value;
use throng_shared::lattice::SUB;
use throng_shared::map::TileMap;

/// Every map in `assets/maps`.
pub const NAMES: &[&str] = &["default", "duel"];

/// The tiles and the spawn points, in sub-units, of a committed map.
///
/// # Panics
/// When the file is not a finite Tiled map with the layers `walls` and `spawns`.
#[must_use]
pub fn load(name: &str) -> (TileMap, Vec<IVec2>) {
    let path = crate::root().join("assets/maps").join(format!("{name}.tmj"));
    let text = fs::read_to_string(&path).expect("the map is committed");
    let file: Value = serde_json::from_str(&text).expect("a Tiled map is JSON");
    let size = |key: &str| {
        file[key].as_i64().and_then(|size| i32::try_from(size).ok()).expect("a map has a size")
    };
    let edge = size("tilewidth");
    let gids = layer(&file, "walls")["data"].as_array().expect("the layer is in plain CSV");
    let solid: Vec<bool> = gids.iter().map(|gid| gid.as_u64() != Some(0)).collect();
    let map = TileMap::new(size("width"), size("height"), &solid).expect("the layer fills the map");
    let spawns = layer(&file, "spawns")["objects"].as_array().expect("the layer has objects");
    let along = |object: &Value, key: &str| {
        let pixels = object[key].as_i64().and_then(|at| i32::try_from(at).ok());
        pixels.expect("a spawn lies on a whole pixel") * SUB / edge
    };
    let spawns = spawns.iter().map(|at| IVec2::new(along(at, "x"), along(at, "y"))).collect();
    (map, spawns)
}

fn layer<'a>(file: &'a Value, name: &str) -> &'a Value {
    let layers = file["layers"].as_array().expect("a map has layers");
    layers.iter().find(|layer| layer["name"] == name).expect("the layer is there")
}
