"""A bot that wanders: python wander.py ws://127.0.0.1:8080/ws"""
import json, sys
from websockets.sync.client import connect

with connect(sys.argv[1], subprotocols=["throng.json.1"], max_size=2**23) as server:
    def say(**message):
        server.send(json.dumps(message))

    received = 0
    say(type="Hello", name="Python")
    for message in map(json.loads, server):
        match message["type"]:
            case "Event":
                received = message["number"]
            case "Ping":
                say(type="Pong", nonce=message["nonce"], received=received)
            case "Tick" | "Snapshot":
                tick = message["tick"]
                say(type="Input", tick=tick + 3, ahead=3, heading=tick // 16 * 97 % 256, thrust=15)
