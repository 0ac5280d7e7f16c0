#!/usr/bin/env python3
"""The same conversation, kept up through restarts of the server and a bad network.

What makes it robust, in the order in which the code does it:

  * every wait has a timeout: connecting, the greeting, each answer;
  * after a failure it waits, twice as long each time (exponential backoff), and a random part of
    that, so that a thousand clients do not come back in the same moment (jitter);
  * the count of failures starts again only after an *answered message*: a server that accepts
    connections and then drops them must not be called at full speed for ever;
  * it gives up after a number of failures in a row;
  * Ctrl-C closes the connection properly.

A message without an answer is said again, so the server may hear it twice: plain WebSocket cannot
do better. The Iskra protocol can; see session.py.

Needs:  Python 3.11; apt install python3-websockets   (or: pip install websockets)
Run:    python3 examples/python/robust.py http://localhost:8000 --messages 5
Then:   stop the server while it runs, and start it again.
"""

import argparse
import asyncio
import os
import random
import sys

import websockets

parser = argparse.ArgumentParser(description="Keeps a conversation up through restarts of the server.")
parser.add_argument("url", nargs="?", default=os.environ.get("ISKRA_URL", "http://localhost:8000"))
parser.add_argument("--messages", type=int, default=5, help="how many answers to get (5)")
parser.add_argument("--attempts", type=int, default=8, help="failures in a row before it gives up (8)")
parser.add_argument("--timeout", type=float, default=5, help="seconds to wait for anything (5)")
parser.add_argument("--interval", type=float, default=0.5, help="seconds between messages (0.5)")
parser.add_argument("--backoff", type=float, default=0.5, help="seconds of the first wait, at most (0.5)")
parser.add_argument("--backoff-max", type=float, default=15, help="seconds of any wait, at most (15)")
options = parser.parse_args()

# Everything that a network or a server can do to us. Anything else is a bug here, and shows its traceback.
TROUBLE = (OSError, asyncio.TimeoutError, websockets.WebSocketException)


class Conversation:
    """What has to survive a connection: how far we came, and how often in a row it failed."""

    def __init__(self) -> None:
        self.answered = 0
        self.failures = 0

    async def hold(self) -> None:
        """One connection, until all is said or something breaks."""
        address = options.url.rstrip("/").replace("http", "ws", 1) + "/ws/python-robust"
        async with websockets.connect(
            address, open_timeout=options.timeout, close_timeout=1, ping_interval=20, ping_timeout=20
        ) as connection:
            async with asyncio.timeout(options.timeout):
                print("<", await connection.recv(), flush=True)
            while self.answered < options.messages:
                text = f"Привіт, сервере! ({self.answered + 1} of {options.messages})"
                await connection.send(text)
                # Not wait_for: up to Python 3.11 it loses a Ctrl-C that comes together with the answer.
                async with asyncio.timeout(options.timeout):
                    await self.answer_to(text, connection)
                self.answered += 1
                self.failures = 0  # only now: a connection alone proves nothing
                if self.answered < options.messages:
                    await asyncio.sleep(options.interval)

    async def answer_to(self, text: str, connection) -> None:
        # A server that shuts down says so. It still answers, so there is no need to hurry: go on
        # until it closes the connection.
        async for message in connection:
            print("<", message, flush=True)
            if message.endswith(text):
                return
        raise ConnectionError("the server closed the connection")

    def next_wait(self) -> float:
        longest = min(options.backoff_max, options.backoff * 2 ** (self.failures - 1))
        return random.uniform(0, longest)


async def main() -> None:
    conversation = Conversation()
    while conversation.failures < options.attempts:
        try:
            await conversation.hold()
            print(f"done: {conversation.answered} messages, all answered")
            return
        except TROUBLE as error:
            conversation.failures += 1
            wait = conversation.next_wait()
            reason = str(error) or type(error).__name__
            print(f"! {reason}; failure {conversation.failures} of {options.attempts} in a row", flush=True)
            if conversation.failures < options.attempts:
                print(f"! trying again in {wait:.2f} s", flush=True)
                await asyncio.sleep(wait)
    sys.exit(f"failed: gave up after {options.attempts} failures in a row. Is {options.url} right?")


try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("stopped: the connection is closed")
    sys.exit(130)  # what a shell expects after Ctrl-C
