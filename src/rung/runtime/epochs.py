"""The loop behind ``Trial.epochs``: restores the newest intact checkpoint, and saves one after each epoch."""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from rung.checks import whole_number
from rung.errors import CheckpointError, SettingError
from rung.runtime._keras_states import holder_of
from rung.runtime._rebuilt import Settings, as_built, settings_of
from rung.runtime.progress import Progress
from rung.types import Checkpoint, Saved

if TYPE_CHECKING:
    from rung.runtime.checkpoints import Snapshot

_logger = logging.getLogger("rung")


Loop: TypeAlias = Generator[int, bool | None, None]
"""Yields the epochs. ``send(True)`` says that the training has ended without the one that was yielded last."""


def epochs_of(
    progress: Progress, number: int, *, every: int, stateful: Mapping[str, Any], awaits_report: bool = False
) -> Loop:
    """See ``Trial.epochs``. Arguments are checked here, before the first epoch.

    awaits_report: go on beyond ``until`` to the next epoch that is reported.
    """
    number = whole_number("the number of epochs", number, at_least=1, example=20)
    every = whole_number("every", every, at_least=1, example=5)
    stateful = {name: holder_of(value) for name, value in stateful.items()}
    for name, holder in stateful.items():
        for method in ("state_dict", "load_state_dict"):
            if not callable(getattr(holder, method, None)):
                raise SettingError(
                    f"{name}={type(holder).__name__} can't be saved: it has no {method}().",
                    hint="Give models, optimizers and schedules, or wrap it in a class with both methods.",
                )
    if progress.loop is not None:
        raise SettingError(
            "trial.epochs was used twice in one trial.",
            hint="Checkpoints belong to one loop: count all epochs in it, and tell its phases apart by the epoch.",
        )
    loop = progress.loop = object()
    return _loop(progress, number, every, stateful, loop, awaits_report=awaits_report)


def _loop(
    progress: Progress, number: int, every: int, stateful: Mapping[str, Any], loop: object, *, awaits_report: bool
) -> Loop:
    ranks = progress.ranks
    if not ranks.is_first and not ranks.are_many:
        raise SettingError(
            f"trial.epochs is called on rank {ranks.own}, and torch.distributed is not initialised.",
            hint="Call torch.distributed.init_process_group before: that is how ranks end and go on together.",
        )
    until = progress.job.until
    at_until = number if until is None else min(number, until)
    last = number if awaits_report else at_until
    built = {name: settings_of(holder.state_dict()) for name, holder in stateful.items()}
    start = _restore(progress, stateful, built, before=at_until) if stateful else 0
    saved = start
    for epoch in range(start + 1, last + 1):
        progress.epoch = epoch
        try:
            has_ended = yield epoch
        finally:
            if progress.loop is loop:  # else another one has taken its place, as after a rewind
                progress.epoch = None
        done = epoch - 1 if has_ended else epoch
        progress.position = max(progress.position, done)
        progress.listen()
        progress.agree("epoch")
        is_last = has_ended or progress.is_stopping or epoch == last
        if stateful and done > saved and (is_last or done % every == 0):
            _save(progress, done, stateful, built)
            saved = done
        if is_last:
            if ranks.are_many:
                ranks.gather("end", b"")  # the first one may keep the store, and must be the last to go
            break
    if until is not None and progress.position >= until:
        progress.is_stopping = True


def _restore(progress: Progress, stateful: Mapping[str, Any], built: Mapping[str, Settings], *, before: int) -> int:
    """The epoch after which the trial goes on, with everything as it was then; 0 when there is no checkpoint.

    Only checkpoints ``before`` the last epoch count. A run that was lost after its last checkpoint repeats its last
    epoch, so that the code behind the loop finds what it always finds there.
    """
    job = progress.job
    snapshot = _snapshot(progress, before)
    if snapshot is None:
        return 0
    state, step = snapshot.state, snapshot.checkpoint.step
    then: Mapping[str, Settings] = state.get("built", {})  # checkpoints of earlier versions have none
    if state["stateful"].keys() != stateful.keys():
        raise CheckpointError(
            f"The checkpoint {snapshot.checkpoint.path} holds {', '.join(state['stateful'])}, but trial.epochs was "
            f"given {', '.join(stateful)}.",
            hint="Give it the same objects, under the same names, in every run.",
        )
    is_copy = state["trial"] != job.trial
    for name, holder in stateful.items():
        saved = state["stateful"][name]
        _load(name, holder, as_built(saved, then[name], built[name], is_copy=is_copy) if name in then else saved)
    _restore_random(state, progress.ranks.own)
    progress.step = progress.position = step
    if not is_copy:
        progress.value = state["value"]
    return step


def _snapshot(progress: Progress, before: int) -> Snapshot | None:
    """The checkpoint to go on from, on all ranks the one that the first has found intact."""
    ranks = progress.ranks
    found = _newest_intact(progress, before) if ranks.is_first else None
    if not ranks.are_many:
        return found
    told = ranks.share("checkpoint", lambda: None if found is None else msgspec.to_builtins(found.checkpoint))
    if ranks.is_first or told is None:
        return found
    from rung.runtime import checkpoints

    checkpoint = msgspec.convert(told, Checkpoint)
    return checkpoints.Snapshot(checkpoint, checkpoints.load(checkpoint))


def _newest_intact(progress: Progress, before: int) -> Snapshot | None:
    """The newest one; files of earlier attempts that nobody can go on from are removed."""
    job = progress.job
    candidates = [checkpoint for checkpoint in (*progress.saved, *job.checkpoints) if checkpoint.step < before]
    if not candidates and job.parent is not None:
        _logger.warning("trial %d: there is no checkpoint of trial %d to copy; it starts anew.", job.trial, job.parent)
    if not candidates and job.attempt == 1:
        return None
    from rung.runtime import checkpoints  # it loads NumPy

    checkpoints.sweep(job)
    if not candidates:
        return None
    snapshot, faults = checkpoints.first_intact(candidates)
    for fault in faults:
        _logger.warning("trial %d: %s", job.trial, fault.sentence)
    if snapshot is None:
        _logger.warning("trial %d: none of its checkpoints is intact; it starts anew.", job.trial)
    return snapshot


def _restore_random(state: Mapping[str, Any], rank: int) -> None:
    """Put back the rank's generators; one that there was not when it was saved keeps what it has."""
    from rung.runtime import _random_states

    saved = (state["random"], *state.get("random_of_others", ()))
    if rank < len(saved):
        _random_states.restore(saved[rank])


def _load(name: str, holder: Any, state: Mapping[str, Any]) -> None:
    try:
        holder.load_state_dict(state)
    except (RuntimeError, ValueError, KeyError) as error:
        raise CheckpointError(
            f"The saved state of {name} does not fit the one that was built: {error}",
            hint="A hyperparameter that shapes a model can't change on the way; a population keeps it by fixed=[…].",
        ) from error


def _save(progress: Progress, epoch: int, stateful: Mapping[str, Any], built: Mapping[str, Settings]) -> None:
    from rung.runtime import _random_states, checkpoints  # they load NumPy

    job, ranks = progress.job, progress.ranks
    state: dict[str, Any] = {
        "trial": job.trial,
        "value": progress.value,
        # On every rank: for what is spread over them it takes them all.
        "stateful": {name: holder.state_dict() for name, holder in stateful.items()},
        "built": built,
        "random": _random_states.capture(),
    }
    if ranks.are_many:
        _, *others = ranks.gather("random", checkpoints.to_bytes(state["random"])) or [b""]
        state["random_of_others"] = [checkpoints.from_bytes(packed) for packed in others]
    if not ranks.is_first:
        return
    saved = checkpoints.save(state, folder=job.folder, step=epoch, attempt=job.attempt)
    progress.saved = (saved, *progress.saved[:1])
    progress.channel.post(Saved(job.trial, job.attempt, saved))
