"""A callback of LightGBM that reports each round. LightGBM is imported when one is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, final

from rung.errors import SettingError
from rung.integrations._lazy import requiring
from rung.integrations._versions import need
from rung.runtime.hook import Hook

if TYPE_CHECKING:
    import lightgbm
    from lightgbm.callback import CallbackEnv

_HOW = "lightgbm.train(params, data, report.rounds_left, init_model=report.init_model, callbacks=[report], …)"


@final
class Report:
    """Reports every round of boosting, and ends the training where the trial is told to.

    metric: what the study judges, such as ``valid_0-auc``; by default what the study names.
    rounds: of the whole trial. With it the booster is saved, and a trial that goes on has ``rounds_left`` to train and
    an ``init_model`` to begin with, both of which ``lightgbm.train`` or ``fit`` must be given. The training is then
    equal to one that was never interrupted, unless rows, columns or trees to drop are drawn: LightGBM draws them anew
    from its seeds. Other callbacks begin anew as well. Without ``rounds`` nothing is saved.
    every: rounds from one checkpoint to the next. The last round is saved as well, unless LightGBM's ``early_stopping``
    ends the training, of which it tells no callback.

    A training that is ended early keeps all its rounds: ``best_iteration`` is the last one. Outside a study this does
    nothing, and all rounds are left.
    """

    def __init__(self, metric: str | None = None, *, rounds: int | None = None, every: int = 10) -> None:
        with requiring("lightgbm", purpose="lightgbm.Report", extra="lightgbm"):
            import lightgbm
        need("lightgbm", lightgbm.__version__, (4, 5))
        self.order = 25  # after what logs and records a round, before early_stopping, which may raise in it
        self.before_iteration = False
        self._rounds = rounds
        self._hook = Hook(metric, every=every)
        self._booster = _Booster()
        self._done: int | None = None  # rounds that were restored for the training to come

    @property
    def rounds_left(self) -> int:
        """How many rounds there are still to train, at least one; what ``num_boost_round`` or ``n_estimators`` takes.

        SettingError when ``rounds`` was not given.
        """
        if self._rounds is None:
            raise SettingError("Report was not told how many rounds there are.", hint="Say Report(…, rounds=200).")
        return self._rounds - self._restored(self._rounds)

    @property
    def init_model(self) -> lightgbm.Booster | None:
        """The booster to go on with; None at the beginning, and where ``rounds`` was not given."""
        import lightgbm

        if self._rounds is None or not self._restored(self._rounds):
            return None
        return lightgbm.Booster(model_str=self._booster.restored)

    def __call__(self, env: CallbackEnv) -> None:
        """Report what was evaluated; LightGBM's EarlyStopException when the trial is to end before the rounds do.

        SettingError when the training did not begin with ``init_model``.
        """
        import lightgbm

        if env.iteration == env.begin_iteration:
            self._begin(env)
        self._booster.trained = env.model
        results = env.evaluation_result_list or []
        goes_on = self._hook.epoch_ended(_by_name(results))
        if env.iteration + 1 == env.end_iteration:
            self._hook.end()
        elif not goes_on:
            raise lightgbm.EarlyStopException(env.iteration, results)

    def _restored(self, rounds: int) -> int:
        if self._done is None:
            self._done = self._hook.begin(rounds, booster=self._booster)
        return self._done

    def _begin(self, env: CallbackEnv) -> None:
        import lightgbm

        if self._rounds is None:
            self._hook.begin()
            return
        if not isinstance(env.model, lightgbm.Booster):
            raise SettingError("A cross-validation can't be saved.", hint="Leave out rounds=.")
        begins, self._done = self._restored(self._rounds), None
        if env.begin_iteration != begins:
            raise SettingError(
                f"The trial goes on after {begins} rounds, but the training began after {env.begin_iteration}.",
                hint=_HOW,
            )


@final
class _Booster:
    """The booster that is trained, and the text of the one that was restored."""

    def __init__(self) -> None:
        self.trained: Any = None
        self.restored = ""

    def state_dict(self) -> dict[str, Any]:
        import numpy as np

        if self.trained is None:
            return {}
        text = self.trained.model_to_string(num_iteration=-1)  # all rounds, whichever is the best
        return {"model": np.frombuffer(text.encode(), dtype=np.uint8)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.restored = state["model"].tobytes().decode()


def _by_name(results: Iterable[Any]) -> dict[str, float]:
    """Results of a round by names such as ``valid_0-auc``; of a cross-validation as its table calls them."""
    measured: dict[str, float] = {}
    for data, metric, value, _, *deviation in results:
        if deviation:
            measured[f"{data}-{metric}-mean"], measured[f"{data}-{metric}-stdv"] = value, deviation[0]
        else:
            measured[f"{data}-{metric}"] = value
    return measured
