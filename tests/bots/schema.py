"""Holds the golden vectors, and lines of JSON on stdin, to docs/throng.schema.json."""

import json
import pathlib
import sys

import fastjsonschema

root = pathlib.Path(__file__).parents[2]
schema = json.loads((root / "docs/throng.schema.json").read_text())
vectors = json.loads((root / "tests/golden/json.json").read_text())


def of(kind):
    return fastjsonschema.compile({"$defs": schema["$defs"], "$ref": f"#/$defs/{kind}"})


kinds = {kind: of(kind) for kind in sorted({vector["type"] for vector in vectors})}
for vector in vectors:
    kinds[vector["type"]](vector["json"])
told = [json.loads(line) for line in sys.stdin]
for message in told:
    kinds["ServerMessage"](message)
for wrong in [{"type": "Bye", "now": 1}, {"type": "Pong", "nonce": -1, "received": 0}, {}]:
    try:
        kinds["ClientMessage"](wrong)
    except fastjsonschema.JsonSchemaException:
        continue
    sys.exit(f"the schema allows {wrong}")
print(f"{len(vectors)} vectors and {len(told)} messages fit")
