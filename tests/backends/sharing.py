"""Objectives that look at what they got of the machine, in a module that other processes can import."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
from pathlib import Path

import rung
from rung.runtime.preload import preload


def sees_gpus(folder):
    Path(folder, f"gpus-{rung.trial().number}").write_text(os.environ.get("CUDA_VISIBLE_DEVICES", "none"))
    return 0.5


def grows(megabytes):
    """Touches so much memory of its own, and ends well if it may."""
    rung.report(error=0.5)
    held = bytearray(megabytes << 20)
    held[::4096] = b"x" * len(held[::4096])
    print("it is all there", flush=True)
    if megabytes > 300:
        sys.stdin = os.fdopen(os.pipe()[0])
        sys.stdin.read()  # until it is ended
    return 0.5


def grows_elsewhere(megabytes):
    """The same in a process of its own."""
    rung.report(error=0.5)
    code = f"held = bytearray({megabytes << 20}); held[::4096] = b'x' * len(held[::4096]); input()"
    subprocess.run([sys.executable, "-c", code], stdin=os.pipe()[0], check=True)


@preload
def shared():
    """Many pages, in each of which something is written."""
    pages = mmap.mmap(-1, 150 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for place in range(0, len(pages), mmap.PAGESIZE):
        pages[place] = 1
    return os.getpid(), pages


def uses_shared(folder):
    loaded_by, pages = shared()
    total = sum(pages[place] for place in range(0, len(pages), mmap.PAGESIZE))
    Path(folder, f"loaded-{rung.trial().number}").write_text(f"{loaded_by} {os.getpid()}")
    rung.report(error=total)
    return total
