#!/usr/bin/env python3
"""The Iskra protocol by hand: a session that survives its connection, in a hundred lines.

It says three things in room:lobby. Behind the second it cuts its own connection, so it cannot know whether
the server got that one. It comes back with its cursors and sends again what was not acknowledged, under the
same number: the room has each message once, and in order. PROTOCOL.md has the rules; (P..) are theirs.

Needs websockets (apt: python3-websockets). Run:  python3 examples/python/session.py http://localhost:8000
"""

import asyncio
import json
import os
import secrets
import sys

import websockets

URL = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("ISKRA_URL", "http://localhost:8000")
ROOM = "room:lobby"
RUN = secrets.token_hex(3)  # tells our messages from those of others
TEXTS = [f"Привіт {number} (run {RUN})" for number in (1, 2, 3)]


class Session:
    def __init__(self):
        self.nonce = secrets.token_urlsafe(16)  # 22 characters, new for every session (P10)
        self.key = None  # proves the session; welcome brings it
        self.cursors = {}  # channel -> [epoch, offset] of the last entry that was handed on
        self.number, self.unsettled = 0, {}  # number -> send without a known end, in order
        self.acked = (0, "", 0)  # sends up to this number have their outcomes in the inbox up to this position
        self.heard = []

    def send(self, tag, *rest):
        self.number += 1
        self.unsettled[self.number] = [tag, self.number, *rest]
        return self.unsettled[self.number]

    def say(self, text):
        said = {"delta": "said", "dimension": 1, "omega": 1, "lambda": "continue"}
        return self.send("publish", ROOM, said | {"payload": {"text": text, "author": "python"}})

    def opening(self):
        resume = {"key": self.key, "cursors": self.cursors} if self.key else {}  # the same session goes on
        hello = ["hello", {"version": 1, "nonce": self.nonce, **resume}]
        return encode(hello, *self.unsettled.values())  # what is not settled goes again (P38)

    async def listen(self, connection, until):
        while self.unsettled or not until():
            for frame in json.loads(await asyncio.wait_for(connection.recv(), 10)):
                if frame[0] == "ping":
                    await connection.send(encode(["pong", frame[1]]))  # proves that we are there (P50)
                self.take(*frame)

    def take(self, tag, *rest):
        if tag == "welcome":
            payload = rest[0]["payload"]
            self.key = payload["key"]
            self.cursors.setdefault("@", payload["inbox"])  # the inbox "@" is the session's own log
            print(f"= connection {payload['generation']} of the session")
        elif tag == "entry":
            self.take_entry(*rest)
        elif tag == "gap" and self.cursors.get(rest[0]) == rest[2]:
            self.cursors[rest[0]] = rest[3]  # what is between is not for us, or gone for good: go on behind it (P23)
        elif tag == "acked":
            self.acked = max(self.acked, tuple(rest))
        elif tag in ("close", "error"):
            sys.exit(f"failed: {rest[0]['delta']}: {rest[0]['payload']['message']}")
        if self.cursors["@"] >= list(self.acked[1:]) and self.cursors["@"][0] == self.acked[1]:  # acknowledged, and its outcome was heard (P34)
            self.unsettled = {n: send for n, send in self.unsettled.items() if n > self.acked[0]}

    def take_entry(self, channel, epoch, offset, envelope, number=0):
        cursor = self.cursors.get(channel)
        if cursor is None or (cursor[0] == epoch and offset <= cursor[1]):
            return  # not subscribed (P29), or seen already (P21)
        if cursor != [epoch, offset - 1]:
            raise ConnectionError("an entry is missing; resume")  # (P22)
        self.cursors[channel] = [epoch, offset]  # the cursor first, then the handlers (P20)
        delta, payload = envelope["delta"], envelope["payload"]
        if channel == ROOM and delta == "said":
            self.heard.append(payload["text"])
            print(f"< {offset:>4}  {payload['author']}: {payload['text']}")
        elif channel == "@" and delta == "subscribed":
            self.cursors[payload["channel"]] = payload["position"]  # entries follow from here (P41)
        elif channel == "@" and number:
            sys.exit(f"failed: send {number} was refused, {delta}: {payload['message']}")


def encode(*frames):
    return json.dumps(frames, ensure_ascii=False)


async def main():
    address = URL.rstrip("/").replace("http", "ws", 1) + "/realtime/ws"
    session = Session()
    session.send("subscribe", ROOM, {"last": 3})
    session.say(TEXTS[0])
    async with websockets.connect(address, subprotocols=["iskra.1"]) as connection:
        await connection.send(session.opening())  # hello and the first sends in one message
        await session.listen(connection, until=lambda: TEXTS[0] in session.heard)
        await connection.send(encode(session.say(TEXTS[1])))
        connection.transport.abort()
        print("! the connection is cut, with a message under way")
    session.say(TEXTS[2])  # said while there is no connection
    async with websockets.connect(address, subprotocols=["iskra.1"]) as connection:
        await connection.send(session.opening())
        await session.listen(connection, until=lambda: TEXTS[2] in session.heard)
        await connection.send(encode(["bye"]))
    if [text for text in session.heard if RUN in text] != TEXTS:
        sys.exit(f"failed: expected {TEXTS}, heard {session.heard}")
    print("done: 3 messages over 2 connections, each heard once and in order")


try:
    asyncio.run(asyncio.wait_for(main(), timeout=30))
except (OSError, asyncio.TimeoutError, websockets.WebSocketException) as error:
    sys.exit(f"failed: {URL}: {error or 'took longer than 30 s'}. Is the server running? npm start")
