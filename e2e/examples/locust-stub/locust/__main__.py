"""`python3 -m locust`, as far as the test needs it: the same flags, and what was told as one JSON document."""

import argparse
import json
import runpy
import threading
import time
import traceback

from locust import Environment, User

parser = argparse.ArgumentParser()
parser.add_argument("-f", dest="file", required=True)
parser.add_argument("--host", required=True)
parser.add_argument("--headless", action="store_true")
parser.add_argument("-u", dest="users", type=int, required=True)
parser.add_argument("-r", dest="rate", type=float, required=True)
parser.add_argument("-t", dest="seconds", type=lambda text: float(text.removesuffix("s")), required=True)
parser.add_argument("names", nargs="*")
options = parser.parse_args()

found = runpy.run_path(options.file, run_name="locustfile")
kinds = [
    value
    for name, value in found.items()
    if isinstance(value, type)
    and issubclass(value, User)
    and not vars(value).get("abstract", False)
    and name in (options.names or [name])
]
turns = [kind for kind in kinds for _ in range(kind.weight)]

told, broken, lock = {}, [], threading.Lock()


def on_request(request_type, name, response_time, response_length, exception, context):
    assert response_time >= 0 and response_length >= 0 and context == {}
    with lock:
        row = told.setdefault(f"{request_type} {name}", {"count": 0, "failures": []})
        row["count"] += 1
        if exception is not None:
            row["failures"].append(repr(exception))


environment = Environment(options.host)
environment.events.request.add_listener(on_request)
until = time.monotonic() + options.seconds


def play(user):
    try:
        user.run(until)
    except Exception:
        broken.append(traceback.format_exc())


threads = []
for at in range(options.users):
    user = turns[at % len(turns)](environment)
    threads.append(threading.Thread(target=play, args=(user,)))
    threads[-1].start()
    time.sleep(1 / options.rate)
for thread in threads:
    thread.join()
print(json.dumps({"told": told, "broken": broken}))
