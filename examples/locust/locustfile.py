"""Load on an Iskra server, by Locust (https://locust.io).

Two kinds of users:

  * PollingUser speaks the Iskra protocol in short HTTP requests, in a room with others. It counts what it hears: a message
    that is missing, doubled or out of order is a failure in Locust's table, and so is a gap that the server tells.
  * PlainUser talks with /ws/<name> as any WebSocket program does: one text, one answer.

Needs:  pip install locust
Run:    locust -f examples/locust/locustfile.py --host http://localhost:8000 --headless -u 100 -r 10 -t 1m
One:    … PollingUser

The rows of the table: POST open, poll and bye are requests; `ISKRA deliver` is the time from a publish to its arrival at
another user of the same process; WS connect and echo are PlainUser's. PROTOCOL.md has the rules; (P..) are theirs.
"""

import base64
import http.client
import json
import os
import random
import secrets
import struct
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

from locust import User, between, task  # it makes the sockets of the standard library give way to each other (gevent)

ROOMS = 10
TIMEOUT = 10  # seconds that any answer may take
MOST = 50  # sends that may wait for an answer
RUN = secrets.token_hex(4)  # clocks of other processes are not ours


class Failed(Exception):
    """The server said no, or what came was not what was promised."""


TROUBLE = (OSError, http.client.HTTPException, Failed)


def way_to(host):
    at = urlsplit(host)
    connection = http.client.HTTPSConnection if at.scheme == "https" else http.client.HTTPConnection
    return connection(at.netloc, timeout=TIMEOUT), at.path.rstrip("/")


class Session:
    """A session over polling: it survives its connections, and knows what it has heard."""

    def __init__(self, host, room):
        self.http, path = way_to(host)
        self.base = path + "/realtime"
        self.room = room
        self.name = secrets.token_hex(4)
        self.said = 0
        self.heard = {}  # who -> the last number that was heard of them
        self.nonce = secrets.token_urlsafe(16)  # 22 characters, new for every session (P10)
        self.cursors, self.number, self.unsettled = {}, 0, {}
        self.is_over = False  # the server knows it no more: only a new one helps

    def send(self, tag, *rest):
        """A send keeps its number until it is acknowledged, however often it is repeated (P36)."""
        self.number += 1
        self.unsettled[self.number] = [tag, self.number, *rest]

    def say(self):
        if len(self.unsettled) >= MOST:
            return  # nobody answers: what waits must not grow for ever
        self.said += 1
        payload = {"by": self.name, "n": self.said, "run": RUN, "at": time.time()}
        self.send("publish", self.room, {"delta": "spoken", "dimension": 1, "omega": 1, "lambda": "continue", "payload": payload})

    def open(self):
        self.send("subscribe", self.room, {})
        return self.post("poll", ["hello", {"version": 1, "nonce": self.nonce}])

    def poll(self):
        """One short poll: what is unsettled goes up, what is new comes down. Gives back the payloads that came."""
        return self.post("poll", ["continue", {**self.proof(), "cursors": self.cursors, "wait": 0}])

    def leave(self):
        try:
            self.unsettled.clear()
            self.post("send", ["continue", self.proof()], ["bye"])
        finally:
            self.http.close()

    def proof(self):
        return {"nonce": self.nonce, "key": self.key, "generation": self.generation}

    def post(self, path, *frames):
        body = json.dumps([*frames, *self.unsettled.values()])
        try:
            self.http.request("POST", f"{self.base}/{path}", body, {"Content-Type": "application/json"})
            answer = self.http.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self.http.close()  # the next request connects anew, with the same session and the same numbers
            raise
        if answer.status >= 500:
            raise Failed(f"HTTP {answer.status}")
        return [payload for frame in json.loads(text) for payload in self.take(*frame)]

    def take(self, tag, *rest):
        if tag == "welcome":
            payload = rest[0]["payload"]
            self.key, self.generation = payload["key"], payload["generation"]
            self.cursors["@"] = payload["inbox"]
        elif tag == "entry":
            yield from self.take_entry(*rest)
        elif tag == "gap":
            self.cursors[rest[0]] = rest[3]  # it can never be had any more (P23)
            raise Failed(f"gap: {rest[1]}")
        elif tag == "acked":
            self.unsettled = {n: send for n, send in self.unsettled.items() if n > rest[0]}
        elif tag in ("close", "error") and rest[0]["delta"] != "bye":
            # Without a session the answer is "open one"; everything else passes.
            self.is_over = rest[0]["delta"] in ("session_unknown", "superseded", "unauthorized")
            raise Failed(rest[0]["delta"])

    def take_entry(self, channel, epoch, offset, envelope, number=0):
        cursor = self.cursors.get(channel)
        if cursor is None or (cursor[0] == epoch and offset <= cursor[1]):
            return  # not subscribed (P29), or seen already (P21)
        self.cursors[channel] = [epoch, offset]
        delta, payload = envelope["delta"], envelope["payload"]
        if channel == "@" and delta == "subscribed":
            self.cursors[self.room] = payload["position"]  # entries follow from here (P41)
        elif channel == "@" and number:
            raise Failed(f"send refused: {delta}")
        elif delta == "spoken":
            last = self.heard.get(payload["by"], payload["n"] - 1)
            self.heard[payload["by"]] = payload["n"]
            if payload["n"] != last + 1:
                raise Failed(f"heard {payload['n']} behind {last} of the same speaker")
            yield payload


class PlainSocket:
    """As much of a WebSocket (RFC 6455) as texts need."""

    def __init__(self, host, name):
        self.http, path = way_to(host)
        key = base64.b64encode(os.urandom(16)).decode()
        asked = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key}
        self.http.request("GET", f"{path}/ws/{name}", headers=asked)
        self.socket = self.http.sock
        self.answer = self.http.getresponse()
        if self.answer.status != 101:
            raise Failed(f"no WebSocket: HTTP {self.answer.status}")

    def send(self, text, opcode=1):
        body, mask = text.encode() if isinstance(text, str) else text, os.urandom(4)
        size = bytes([0x80 | len(body)]) if len(body) < 126 else b"\xfe" + struct.pack(">H", len(body))
        self.socket.sendall(bytes([0x80 | opcode]) + size + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(body)))

    def receive(self):
        """The next text. Pings are answered on the way."""
        while True:
            first, size = self.read(2)
            size &= 0x7F
            if size >= 126:
                size = int.from_bytes(self.read(2 if size == 126 else 8), "big")
            body, opcode = self.read(size), first & 0x0F
            if opcode == 1:
                return body.decode()
            if opcode == 9:
                self.send(body, opcode=10)
            elif opcode == 8:
                raise Failed(f"closed by the server: {int.from_bytes(body[:2], 'big')}")

    def read(self, size):
        body = self.answer.fp.read(size)
        if len(body) < size:
            raise ConnectionError("the server is gone")
        return body

    def close(self):
        try:
            self.send(struct.pack(">H", 1000), opcode=8)
        finally:
            self.http.close()
            self.answer.close()


class IskraUser(User):
    abstract = True
    wait_time = between(0.5, 1.5)

    @contextmanager
    def measured(self, kind, name):
        """Tells Locust how long it took and whether it failed; the user goes on in both cases."""
        began, trouble = time.perf_counter(), None
        try:
            yield
        except TROUBLE as error:
            trouble = error
        self.tell(kind, name, (time.perf_counter() - began) * 1000, trouble)

    def tell(self, kind, name, milliseconds, trouble=None):
        self.environment.events.request.fire(
            request_type=kind, name=name, response_time=milliseconds, response_length=0, exception=trouble, context={}
        )


class PollingUser(IskraUser):
    weight = 3
    session = None

    def on_start(self):
        self.enter()

    def enter(self):
        session = Session(self.host, f"room:locust-{random.randrange(ROOMS)}")
        with self.measured("POST", "open"):
            session.open()
            self.session = session

    @task
    def talk(self):
        if self.session is None or self.session.is_over:
            return self.enter()
        self.session.say()
        with self.measured("POST", "poll"):
            for payload in self.session.poll():
                if payload["run"] == RUN:
                    self.tell("ISKRA", "deliver", (time.time() - payload["at"]) * 1000)

    def on_stop(self):
        if self.session is not None:
            with self.measured("POST", "bye"):
                self.session.leave()


class PlainUser(IskraUser):
    weight = 1
    socket = None

    def on_start(self):
        self.enter()

    def enter(self):
        with self.measured("WS", "connect"):
            socket = PlainSocket(self.host, "locust")
            socket.receive()  # the server speaks first
            self.socket = socket

    @task
    def echo(self):
        if self.socket is None:
            return self.enter()
        text = f"Привіт, сервере! {secrets.token_hex(4)}"
        with self.measured("WS", "echo"):
            try:
                self.socket.send(text)
                # A server that goes down says so in between.
                while not self.socket.receive().endswith(text):
                    pass
            except TROUBLE:
                self.socket = None
                raise

    def on_stop(self):
        if self.socket is not None:
            with self.measured("WS", "close"):
                self.socket.close()
