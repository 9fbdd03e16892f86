"""An objective whose data can't be loaded, in a module that other processes can import."""

from __future__ import annotations

from rung.runtime.preload import preload


@preload
def data():
    raise FileNotFoundError("no images here")


def trains(rate):
    return rate * len(data())
