"""A callback with which Hugging Face's ``Trainer`` tells a study how it is doing, and obeys."""
# ruff: noqa: ARG002  the arguments of the methods are the Trainer's

from __future__ import annotations

import shutil
import weakref
from pathlib import Path
from typing import Any, final

import torch
import transformers
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR, SaveStrategy

from rung._trial import current_trial
from rung.errors import SettingError
from rung.integrations._versions import need
from rung.integrations.transformers._states import Files, Later
from rung.runtime.hook import Hook

need("transformers", transformers.__version__, (5,))


@final
class Report(TrainerCallback):
    """Reports the evaluations of a ``Trainer``, ends its training when the trial is to stop or pause.

    metric: Transformers' name of what the study judges, such as ``"eval_loss"``; by default the study's own name of it.
    What is measured under the study's name is replaced by it.
    every: evaluations from one checkpoint to the next; the last one before the end is always saved.

    A step is an evaluation, so ``eval_strategy`` says what a step is. With ``checkpoint()`` a trial can go on; without
    it, one that is continued begins anew. SettingError for an unknown metric and for a second training in a trial.
    """

    def __init__(self, metric: str | None = None, *, every: int = 1) -> None:
        self._hook = Hook(metric, every=every)
        self._files: Files | None = None
        self._optimizer = Later()
        self._scheduler = Later()
        self._is_training = False
        self._began_at = 0
        self._has_told = False
        self._measured: dict[str, float] = {}

    def checkpoint(self) -> str | None:
        """For ``trainer.train(resume_from_checkpoint=report.checkpoint())``: the folder to go on from, None for none.

        At each evaluation the trainer then saves a checkpoint, whatever its ``save_strategy``, and the trial keeps a
        copy of it; only from this copy does a trial go on, so ``save_total_limit`` may be 1.
        """
        current = current_trial()
        if current is None:
            return None
        self._files = Files(current.folder)
        self._hook.begin(trainer=self._files, optimizer=self._optimizer, scheduler=self._scheduler)
        if self._files.restored is None:
            return None
        weakref.finalize(self, shutil.rmtree, self._files.restored, ignore_errors=True)
        return str(self._files.restored)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **objects: Any
    ) -> None:
        """Restore what the trainer has made since."""
        if self._files is None:
            self._hook.begin()
        elif args.save_strategy == SaveStrategy.BEST:
            raise SettingError(
                "save_strategy='best' keeps no checkpoint of most evaluations, so the trial could not go on.",
                hint="Use 'epoch' or 'steps'; with load_best_model_at_end=True they keep the best one as well.",
            )
        else:
            self._optimizer.become(objects["optimizer"])
            self._scheduler.become(objects["lr_scheduler"])
        self._is_training, self._began_at, self._has_told = True, state.global_step, False

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **objects: Any
    ) -> None:
        """Report, or have a checkpoint made first, which comes after the evaluations of all data sets."""
        if not self._is_training or self._hook.metric is None or state.global_step == self._began_at:
            return
        self._measured |= objects["metrics"]
        if self._files is not None:
            control.should_save = True
        elif self._hook.metric in self._measured:
            self._tell(control)

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **objects: Any
    ) -> None:
        """The evaluation before is over."""
        self._settle(control)

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **objects: Any) -> None:
        """Report, save, and end the training if the study says so."""
        if self._files is None or not self._measured:
            return
        if args.world_size > 1:
            torch.distributed.barrier()  # each process has files of its own in the checkpoint
        self._files.source = Path(args.output_dir or "", f"{PREFIX_CHECKPOINT_DIR}-{state.global_step}")
        self._tell(control)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **objects: Any
    ) -> None:
        """The training is over."""
        self._settle(control)
        self._hook.end(saves=False)  # by now the best model may be loaded, and checkpoints deleted
        self._is_training, self._files = False, None

    def _settle(self, control: TrainerControl) -> None:
        """An evaluation of several data sets is reported once; one that never has the metric is an error."""
        if self._measured and not self._has_told:
            self._tell(control)
        self._measured = {}

    def _tell(self, control: TrainerControl) -> None:
        measured, self._measured = self._measured, {}
        self._has_told = True
        if not self._hook.epoch_ended(measured):
            control.should_training_stop = True
        elif control.should_training_stop:
            self._hook.end()
