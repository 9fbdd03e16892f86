"""Puts an exception of the user's code into words: one reason, and a message that leads to the line."""

from __future__ import annotations

import errno
import traceback
from pathlib import Path

_OWN_FOLDER = str(Path(__file__).parent)
_LONGEST = 20_000
"""Characters: enough for any sensible traceback, little enough for a log of thousands of trials."""

_CLASSES = {"OutOfMemoryError", "ResourceExhaustedError"}
_WORDS = (
    "out of memory",  # CUDA, HIP, MPS, XLA
    "resource_exhausted",  # JAX
    "can't allocate memory",  # torch on the CPU, Linux and macOS
    "not enough memory",  # the same on Windows
    "status_alloc_failed",  # cuBLAS and cuDNN, which ask CUDA behind torch's back
)


def failure_of(error: BaseException) -> tuple[str, str]:
    """The reason (``error``, ``oom`` or ``exit``) and the message: the last line first, then the traceback.

    Frames of rung itself, which say nothing about the user's code, are left out.
    """
    report = traceback.TracebackException.from_exception(error)
    _without_own_frames(report)
    if isinstance(error, SystemExit):
        last_line = f"It exited with {error.code!r}."
    else:
        last_line = next(line for line in report.format_exception_only() if not line.startswith("  ")).split("\n")[0]
    message = f"{last_line}\n{''.join(report.format())}".rstrip()
    if len(message) > _LONGEST:
        half = _LONGEST // 2 - 2
        message = f"{message[:half]}\n…\n{message[-half:]}"
    return _reason(error), message


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, of the machine or of a GPU, as Python, NumPy, torch, CuPy, JAX and TensorFlow put it.

    Frameworks are known by names and words, so as not to load them.
    """
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    if not _CLASSES.isdisjoint(kind.__name__ for kind in type(error).__mro__):
        return True
    try:
        text = str(error).lower() if isinstance(error, RuntimeError) else ""
    except Exception:  # noqa: BLE001 - __str__ is the user's code
        return False
    return any(words in text for words in _WORDS)


def _reason(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return "exit"
    return "oom" if is_out_of_memory(error) else "error"


def _without_own_frames(report: traceback.TracebackException) -> None:
    seen: set[int] = set()
    left: list[traceback.TracebackException | None] = [report]
    while left:
        part = left.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        part.stack = traceback.StackSummary.from_list(
            [frame for frame in part.stack if str(Path(frame.filename).parent) != _OWN_FOLDER]
        )
        left += [part.__cause__, part.__context__, *(part.exceptions or ())]
