"""A stand-in for Locust: the names that examples/locust uses, with the same meaning. Users are threads."""

import random
import time


def task(function):
    function.is_task = True
    return function


def between(least, most):
    return lambda _user: random.uniform(least, most)


class EventHook:
    def __init__(self):
        self.listeners = []

    def add_listener(self, listener):
        self.listeners.append(listener)

    def fire(self, **told):
        for listener in self.listeners:
            listener(**told)


class Events:
    def __init__(self):
        self.request = EventHook()


class Environment:
    def __init__(self, host):
        self.host = host
        self.events = Events()


class User:
    abstract = True
    weight = 1

    def __init__(self, environment):
        self.environment = environment
        self.host = environment.host

    def on_start(self):
        pass

    def on_stop(self):
        pass

    def run(self, until):
        tasks = [value for value in vars(type(self)).values() if getattr(value, "is_task", False)]
        self.on_start()
        while time.monotonic() < until:
            random.choice(tasks)(self)
            time.sleep(min(type(self).wait_time(self), max(0, until - time.monotonic())))
        self.on_stop()
