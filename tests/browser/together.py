"""Plays, and says and tells by lines of JSON: python together.py ws://127.0.0.1:8080/ws NAME ROOM

Each line that it reads is what it asks the server for; it prints its Welcome, each event, and whom it saw where.
"""

import contextlib
import json
import sys
import threading

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

address, name, room = sys.argv[1:]
RESYNC_TICKS = 60

# Whoever said Bye may be heard no more.
closed = contextlib.suppress(ConnectionClosed)
with closed, connect(address, subprotocols=["throng.json.1"], max_size=2**23) as server:

    def say(**message):
        server.send(json.dumps(message))

    def tell(**what):
        print(json.dumps(what), flush=True)

    def ask():
        for call, line in enumerate(sys.stdin, start=1):
            say(type="Ask", call=call, ask=json.loads(line))
        say(type="Bye")

    received = resynced = 0
    say(type="Hello", name=name, room=room)
    for message in map(json.loads, server):
        match message["type"]:
            case "Welcome":
                tell(**message)
                threading.Thread(target=ask, daemon=True).start()
            case "Event":
                received = message["number"]
                tell(**message["event"])
            case "Ping":
                say(type="Pong", nonce=message["nonce"], received=received)
            case "Tick" | "Snapshot":
                tick = message["tick"]
                say(type="Input", tick=tick + 3, ahead=3, heading=tick // 16 * 97 % 256, thrust=15)
                if tick - resynced >= RESYNC_TICKS:
                    resynced = tick
                    say(type="Resync")
                for keyframe in (message.get("refocus") or {}).get("keyframes", []):
                    for glider in keyframe["gliders"]:
                        cell, place = keyframe["cell"], glider["place"]
                        x, y = (cell[axis] * 2048 + place[axis] for axis in "xy")
                        tell(type="Seen", name=glider["name"], x=x, y=y)
