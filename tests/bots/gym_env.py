"""One glider of a server as a Gymnasium environment: python gym_env.py ws://127.0.0.1:8080/ws [steps]

A step lasts `ticks` ticks, or as long as the server takes for the next keyframes, of which it gives one set a second.
The reward is what was gathered, in shards, less ten for each death; a death ends the episode, and `reset` waits for
the next life. The arena goes on meanwhile: nothing in it is seeded, and no step can be repeated.
"""

import json
import sys
import threading

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.utils.env_checker import check_env
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

TILES_MAX = 4096.0  # No arena is as wide.
TILE, CELL = 256, 2048  # In sub-units.
PATIENCE_S = 60.0


class ThrongEnv(gymnasium.Env):
    """Actions are heading (256 steps clockwise from east), thrust (0 to 15), whether to fire that way, and to dash."""

    metadata = {"render_modes": []}

    def __init__(self, url, name="Gym", ticks=30, nearest=4):
        self.ticks, self.nearest = ticks, nearest
        self.action_space = spaces.MultiDiscrete([256, 16, 2, 2])
        far = lambda *shape: spaces.Box(-TILES_MAX, TILES_MAX, shape, np.float32)
        self.observation_space = spaces.Dict({
            "place": far(2),  # In tiles.
            "velocity": far(2),  # In tiles a second, since the observation before.
            "health": spaces.Box(0.0, 100.0, (1,), np.float32),
            "gliders": far(nearest, 2),  # The nearest others, from here; zeros where there are none.
            "shards": far(nearest, 2),
        })
        self.action, self.keyframes, self.before, self.ended = (0, 0), None, None, None
        self.tick = self.fire = self.dash = self.shards = self.gained = self.deaths = 0
        self.news = threading.Condition()
        self.server = connect(url, subprotocols=["throng.json.1"], max_size=2**23)
        self.say(type="Hello", name=name)
        # Heartbeats are answered and inputs said also while a policy thinks.
        threading.Thread(target=self.listen, daemon=True).start()
        self.until(lambda: self.tick)

    def say(self, **message):
        self.server.send(json.dumps(message))

    def listen(self):
        try:
            for message in map(json.loads, self.server):
                with self.news:
                    self.take(message)
                    self.news.notify_all()
        except ConnectionClosed as closed:
            self.ended = str(closed)
        finally:
            with self.news:
                self.ended = self.ended or "the server closed"
                self.news.notify_all()

    def take(self, message):
        match message:
            case {"type": "Welcome"}:
                self.you, self.hz, self.received = message["you"], message["tick_hz"], 0
            case {"type": "Ping", "nonce": nonce}:
                self.say(type="Pong", nonce=nonce, received=self.received)
            case {"type": "Event", "number": number, "event": event}:
                self.received = number
                if event["type"] == "Score":
                    self.gained += max(0, event["shards"] - self.shards)
                    self.shards = event["shards"]
                elif event["type"] == "Kill" and event["victim"] == self.you:
                    self.deaths += 1
            case {"type": "Tick" | "Snapshot", "tick": tick}:
                self.tick = tick
                refocus = message.get("refocus")
                if refocus and refocus["restart"] is not None:
                    self.keyframes = (tick, refocus["keyframes"])
                heading, thrust = self.action
                steer = {"heading": heading, "thrust": thrust, "aim": heading}
                self.say(type="Input", tick=tick + 3, ahead=3, fire=self.fire, dash=self.dash, **steer)

    def until(self, is_so):
        with self.news:
            if not self.news.wait_for(lambda: self.ended or is_so(), PATIENCE_S):
                raise TimeoutError("the server says nothing of what is waited for")
            if self.ended:
                raise ConnectionError(self.ended)

    def look(self):
        """Everything in view, as it is now; nothing without an own glider."""
        self.keyframes = None
        self.say(type="Resync")
        self.until(lambda: self.keyframes)
        tick, cells = self.keyframes
        found = {"gliders": {}, "shards": {}}
        for cell in cells:
            corner = np.array([cell["cell"]["x"], cell["cell"]["y"]]) * CELL
            for kind in found:
                for it in cell[kind]:
                    found[kind][it["id"]] = ((corner + [it["place"]["x"], it["place"]["y"]]) / TILE, it)
        if self.you not in found["gliders"]:
            return None
        place, own = found["gliders"].pop(self.you)
        passed = tick - self.before[0] if self.before else 0
        velocity = (place - self.before[1]) * self.hz / passed if passed > 0 else np.zeros(2)
        self.before = (tick, place)
        observation = {"place": place, "velocity": velocity, "health": [own["condition"]["hp"]]}
        for kind, things in found.items():
            offsets = sorted((at - place for at, _ in things.values()), key=np.linalg.norm)[: self.nearest]
            observation[kind] = np.zeros((self.nearest, 2))
            observation[kind][: len(offsets)] = np.reshape(offsets, (-1, 2))
        return {kind: np.asarray(value, np.float32) for kind, value in observation.items()}

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.action, self.before, observation = (0, 0), None, None
        while observation is None:  # Between two lives.
            observation = self.look()
        self.gained = self.deaths = 0
        self.last = observation
        return observation, {"tick": self.tick}

    def step(self, action):
        heading, thrust, fire, dash = map(int, action)
        with self.news:
            self.action, end = (heading, thrust), self.tick + self.ticks
            self.fire, self.dash = (self.fire + fire) % 256, (self.dash + dash) % 256
        self.until(lambda: self.tick >= end)
        # Where it was last, if it has no glider any more.
        observation = self.look() or {kind: value.copy() for kind, value in self.last.items()}
        with self.news:
            reward, died = float(self.gained - 10 * self.deaths), self.deaths > 0
            self.gained = self.deaths = 0
        self.last = observation
        return observation, reward, died, False, {"tick": self.tick, "shards": self.shards}

    def close(self):
        self.server.close()


gymnasium.register("Throng-v0", entry_point=ThrongEnv, nondeterministic=True)

if __name__ == "__main__":
    env = gymnasium.make("Throng-v0", url=sys.argv[1]).unwrapped
    check_env(env, skip_render_check=True)
    env.reset(seed=1)
    for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 20):
        observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
        print(info["tick"], reward, observation["place"].round(2), "died" if terminated else "", flush=True)
        if terminated:
            env.reset()
    env.close()
