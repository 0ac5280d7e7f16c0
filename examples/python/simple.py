#!/usr/bin/env python3
"""The smallest client there is: connect, read the greeting, say something, read the answer.

Any WebSocket library can do this: the address /ws/<name> speaks plain text. The name is only a
label; it proves nothing and opens nothing.

Needs:  apt install python3-websockets   (or: pip install websockets)
Run:    python3 examples/python/simple.py http://localhost:8000
"""

import asyncio
import os
import sys

import websockets

URL = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("ISKRA_URL", "http://localhost:8000")
TEXT = "Привіт, сервере!"


async def main() -> None:
    address = URL.rstrip("/").replace("http", "ws", 1) + "/ws/python-simple"

    # Leaving the block closes the connection properly, whatever happened inside.
    async with websockets.connect(address) as connection:
        print("connected to", address)
        print("<", await connection.recv())  # the server speaks first

        await connection.send(TEXT)
        print(">", TEXT)

        answer = await connection.recv()
        print("<", answer)

    if TEXT not in answer:
        sys.exit("failed: the answer is not to what was said")
    print("done: said one thing, and it came back whole")


try:
    asyncio.run(asyncio.wait_for(main(), timeout=10))
except asyncio.TimeoutError:
    sys.exit(f"failed: {URL} took longer than 10 s")
except (OSError, websockets.WebSocketException) as error:
    sys.exit(f"failed: {URL}: {error}. Is the server running? Start it with: npm start")
