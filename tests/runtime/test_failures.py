from __future__ import annotations

import errno

import pytest

from rung.runtime import progress
from rung.runtime.failures import failure_of, is_out_of_memory


class OutOfMemoryError(RuntimeError):
    pass


class Unprintable(Exception):  # noqa: N818 - its name is beside the point
    def __str__(self):
        raise ValueError("no words")


def caught(raise_it):
    try:
        raise_it()
    except BaseException as error:  # noqa: BLE001 - whatever it is
        return error
    raise AssertionError("it raised nothing")


def raising(error):
    def raise_it():
        raise error

    return caught(raise_it)


@pytest.mark.parametrize(
    ("error", "reason", "first_line"),
    [
        (ValueError("bad rate"), "error", "ValueError: bad rate"),
        (ValueError("bad\nrate"), "error", "ValueError: bad"),
        (ValueError(), "error", "ValueError"),
        (MemoryError(), "oom", "MemoryError"),
        (OutOfMemoryError("CUDA"), "oom", f"{__name__}.OutOfMemoryError: CUDA"),
        (type("Sub", (OutOfMemoryError,), {})("x"), "oom", f"{__name__}.Sub: x"),
        (RuntimeError("CUDA error: out of memory"), "oom", "RuntimeError: CUDA error: out of memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "oom", "OSError: [Errno 12] Cannot allocate memory"),
        (SystemExit(3), "exit", "It exited with 3."),
        (SystemExit("usage"), "exit", "It exited with 'usage'."),
        (GeneratorExit("odd"), "error", "GeneratorExit: odd"),
    ],
)
def test_the_reason_is_one_word_and_the_message_begins_with_the_last_line(error, reason, first_line):
    found, message = failure_of(raising(error))
    assert found == reason
    assert message.split("\n")[0] == first_line
    assert "in raise_it" in message


def test_a_syntax_error_shows_its_message_first():
    _, message = failure_of(caught(lambda: compile("a b", "train.py", "exec")))
    assert message.startswith("SyntaxError: invalid syntax")
    assert 'File "train.py", line 1' in message


def test_an_exception_without_words_is_told():
    assert failure_of(raising(Unprintable()))[1].startswith(f"{__name__}.Unprintable: <exception str() failed>")


def test_own_frames_are_left_out_everywhere():
    def through_rung():
        try:
            progress.as_step("x")
        except ValueError as error:
            raise RuntimeError("later") from error

    _, message = failure_of(caught(through_rung))
    assert "progress.py" not in message
    assert message.count("in through_rung") == 2
    assert "'x' can't be a step" in message
    assert "direct cause" in message


def test_groups_and_cycles_are_shown():
    one, other = ValueError("one"), KeyError("other")
    one.__cause__, other.__cause__ = other, one
    _, message = failure_of(raising(ExceptionGroup("both", [one])))
    assert message.startswith("ExceptionGroup: both (1 sub-exception)")
    assert "ValueError: one" in message


def test_a_long_message_keeps_both_ends():
    _, message = failure_of(raising(ValueError("a" * 50_000 + "z")))
    assert len(message) <= 20_000
    assert message.startswith("ValueError: aaa")
    assert message.endswith("aaaz")


def test_endless_recursion_is_short():
    def recurse():
        recurse()

    _, message = failure_of(caught(recurse))
    assert message.startswith("RecursionError")
    assert len(message) < 5_000


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("Unable to allocate 8.00 GiB for an array"),  # NumPy
        type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory. Tried to allocate 20.00 MiB."),  # torch
        RuntimeError("MPS backend out of memory (MPS allocated: 9.05 GB)"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory: you"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        type("XlaRuntimeError", (RuntimeError,), {})("RESOURCE_EXHAUSTED: Failed to allocate 1073741824 bytes."),  # JAX
        type("ResourceExhaustedError", (Exception,), {})("OOM when allocating tensor with shape[1000]"),  # TensorFlow
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
)
def test_whoever_says_it_out_of_memory_is_recognised(error):
    assert is_out_of_memory(error)


@pytest.mark.parametrize(
    "error",
    [ValueError("out of memory"), RuntimeError("bad shape"), OSError(errno.ENOENT, "no"), Unprintable(), SystemExit(1)],
)
def test_other_errors_are_not_out_of_memory(error):
    assert not is_out_of_memory(error)


def test_a_runtime_error_without_words_is_not_out_of_memory():
    assert not is_out_of_memory(type("Odd", (Unprintable, RuntimeError), {})())


def test_torch_says_that_it_is_out_of_memory_in_words_that_are_known():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    assert is_out_of_memory(torch.cuda.OutOfMemoryError("no"))
    with pytest.raises(RuntimeError) as raised:
        torch.empty(1 << 60)
    assert is_out_of_memory(raised.value)
