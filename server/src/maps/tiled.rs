//! Tiled maps (`.tmj`): a tile layer `walls` whose tiles are solid where there is
//! one, and an object layer `spawns` of points.

use std::path::Path;

use glam::IVec2;
use serde::Deserialize;
use throng_shared::limits::{MAP_FILE_BYTES, MAP_TILES_MAX};
use throng_shared::map::{MapError, TileMap};

use crate::sim::{Arena, ArenaError};

/// Names of the layers that are read; all others are decoration.
const WALLS: &str = "walls";
const SPAWNS: &str = "spawns";

#[derive(Deserialize)]
struct TiledMap {
    width: i32,
    height: i32,
    tilewidth: i32,
    tileheight: i32,
    #[serde(default)]
    infinite: bool,
    orientation: String,
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
struct Layer {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(default)]
    encoding: Option<String>,
    #[serde(default)]
    data: serde_json::Value,
    #[serde(default)]
    objects: Vec<Object>,
}

#[derive(Deserialize)]
struct Object {
    x: f64,
    y: f64,
}

/// Why a file is no arena.
#[derive(Debug)]
pub enum MapFileError {
    Unreadable(std::io::Error),
    TooBig {
        bytes: u64,
    },
    NotTiled(serde_json::Error),
    /// Something that Tiled can write and this game does not read.
    Unsupported(&'static str),
    NoLayer {
        kind: &'static str,
        name: &'static str,
    },
    Map(MapError),
    Arena(ArenaError),
}

impl std::fmt::Display for MapFileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "it cannot be read: {error}"),
            Self::TooBig { bytes } => {
                write!(f, "it has {bytes} bytes, and {MAP_FILE_BYTES} are the most")
            }
            Self::NotTiled(error) => write!(f, "it is not a Tiled map in JSON: {error}"),
            Self::Unsupported(what) => f.write_str(what),
            Self::NoLayer { kind, name } => write!(f, "it has no {kind} named \"{name}\""),
            Self::Map(error) => error.fmt(f),
            Self::Arena(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for MapFileError {}

/// Reads an arena from a file.
///
/// # Errors
/// When the file cannot be read, is no map, has no spawn or is too large.
pub fn load(path: &Path) -> Result<Arena, MapFileError> {
    let bytes = std::fs::metadata(path).map_err(MapFileError::Unreadable)?.len();
    if bytes > MAP_FILE_BYTES {
        return Err(MapFileError::TooBig { bytes });
    }
    let text = std::fs::read_to_string(path).map_err(MapFileError::Unreadable)?;
    parse(&text)
}

/// Reads an arena from the text of a Tiled map.
///
/// # Errors
/// When the text is no map, has no spawn or is too large.
pub fn parse(text: &str) -> Result<Arena, MapFileError> {
    let tiled: TiledMap = serde_json::from_str(text).map_err(MapFileError::NotTiled)?;
    if tiled.infinite {
        return Err(MapFileError::Unsupported("it is infinite: save it as a finite map"));
    }
    if tiled.orientation != "orthogonal" {
        return Err(MapFileError::Unsupported("it is not orthogonal"));
    }
    if tiled.tilewidth <= 0 || tiled.tileheight <= 0 {
        return Err(MapFileError::Unsupported("its tiles have no size"));
    }
    if !(1..=MAP_TILES_MAX).contains(&tiled.width) || !(1..=MAP_TILES_MAX).contains(&tiled.height) {
        let size = MapError::Size { width: tiled.width, height: tiled.height };
        return Err(MapFileError::Map(size));
    }
    let walls = layer(&tiled, "tilelayer", "tile layer", WALLS)?;
    if walls.encoding.as_deref().is_some_and(|encoding| encoding != "csv") {
        return Err(MapFileError::Unsupported(
            "its tile layers are packed: choose CSV as the tile layer format",
        ));
    }
    let gids: Vec<u32> =
        serde_json::from_value(walls.data.clone()).map_err(MapFileError::NotTiled)?;
    let solid: Vec<bool> = gids.iter().map(|&gid| gid != 0).collect();
    let map = TileMap::new(tiled.width, tiled.height, &solid).map_err(MapFileError::Map)?;
    let tile = |at: f64, size: i32| (at / f64::from(size)).floor() as i32;
    let spawns: Vec<IVec2> = layer(&tiled, "objectgroup", "object layer", SPAWNS)?
        .objects
        .iter()
        .map(|object| IVec2::new(tile(object.x, tiled.tilewidth), tile(object.y, tiled.tileheight)))
        .collect();
    Arena::new(map, &spawns).map_err(MapFileError::Arena)
}

fn layer<'a>(
    tiled: &'a TiledMap,
    kind: &str,
    word: &'static str,
    name: &'static str,
) -> Result<&'a Layer, MapFileError> {
    tiled
        .layers
        .iter()
        .find(|layer| layer.kind == kind && layer.name == name)
        .ok_or(MapFileError::NoLayer { kind: word, name })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn map() -> Value {
        let mut data = vec![0; 100];
        data[0] = 1;
        json!({
            "width": 10, "height": 10, "tilewidth": 32, "tileheight": 32, "infinite": false,
            "orientation": "orthogonal",
            "layers": [
                {"type": "tilelayer", "name": "walls", "data": data},
                {"type": "objectgroup", "name": "spawns", "objects": [{"x": 48.0, "y": 70.0}]}
            ]
        })
    }

    fn refusal(change: impl Fn(&mut Value)) -> String {
        let mut map = map();
        change(&mut map);
        parse(&map.to_string()).expect_err("the map is broken").to_string()
    }

    #[test]
    fn a_map_of_the_editor_becomes_an_arena() {
        let arena = parse(&map().to_string()).expect("the map is whole");
        assert!(arena.map().is_solid(0, 0), "because tile 1 stands there");
        assert_eq!(arena.spawns(), [IVec2::new(256 + 128, 512 + 128)]);
    }

    #[test]
    fn every_fault_is_named() {
        assert!(parse("{").expect_err("no JSON").to_string().contains("not a Tiled map"));
        assert!(refusal(|map| map["layers"][1]["objects"] = json!([])).contains("no spawn"));
        assert!(refusal(|map| map["layers"][1]["name"] = json!("x")).contains("\"spawns\""));
        assert!(refusal(|map| map["layers"][0]["name"] = json!("x")).contains("\"walls\""));
        assert!(refusal(|map| map["width"] = json!(9)).contains("100 tiles"));
        assert!(refusal(|map| map["width"] = json!(90_000)).contains("90000"));
        assert!(refusal(|map| map["infinite"] = json!(true)).contains("infinite"));
        let in_wall = json!([{"x": 1.0, "y": 1.0}]);
        assert!(refusal(|map| map["layers"][1]["objects"] = in_wall.clone()).contains("0, 0"));
        assert!(
            refusal(|map| map["layers"][0]["encoding"] = json!("base64")).contains("CSV"),
            "because the sentence says what would be right"
        );
    }
}
