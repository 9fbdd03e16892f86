"""The read side of one study: incumbent, records, table, plot, best checkpoint. What ``tune()`` returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, final

from rung import bookkeeping
from rung.bookkeeping import Incumbent, IncumbentFrom, Record
from rung.errors import RungError
from rung.places import kept_file, output_file
from rung.store import open_store
from rung.types import Checkpoint, Config

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rung._compare import StudyComparison
    from rung._replay import Replayed
    from rung.analysis.kinds import Source
    from rung.analysis.lineage import Lineage
    from rung.analysis.plots import Over
    from rung.analysis.table import Table
    from rung.analysis.utilisation import Utilisation
    from rung.contracts import Backend, Searcher, Store
    from rung.events import Event
    from rung.rows import StudyRow, TrialRow
    from rung.tuning.handover import HandOver
    from rung.tuning.steering import SpaceEdit
    from rung.tuning.zooming import Zoom
    from rung.types import Json


def open_study(name: str, store: str | Path, *, incumbent_from: IncumbentFrom = "any") -> Study:
    """A study of an existing store, for reading. StoreNotFoundError, StudyNotFoundError."""
    opened = open_store(str(store), create=False)
    try:
        return Study(opened, name, incumbent_from=incumbent_from)
    except BaseException:
        opened.close()
        raise


@final
class Study:
    """One study, read from its store at each access, so that it is up to date while a tuner writes."""

    def __init__(self, store: Store, name: str, *, incumbent_from: IncumbentFrom = "any") -> None:
        self.name = name
        self._store = store
        self._incumbent_from: IncumbentFrom = incumbent_from
        self.row  # noqa: B018  # a name that does not exist is told at once

    @property
    def row(self) -> StudyRow:
        """Settings, state and counts of the study."""
        return bookkeeping.seen_study(self._store.tables.study(self.name))

    @property
    def trials(self) -> list[TrialRow]:
        """All trials by number."""
        row = self.row
        return [bookkeeping.seen_trial(trial, row) for trial in self._store.tables.trials(self.name)]

    @property
    def best(self) -> Incumbent | None:
        """The incumbent with its trial, step, configuration and error; None before there is one."""
        return bookkeeping.look_up_incumbent(self._store.tables, self.row, self._incumbent_from)

    @property
    def incumbent(self) -> Config | None:
        """The best configuration; None before there is one."""
        best = self.best
        return None if best is None else best.config

    @property
    def incumbent_error(self) -> float | None:
        """The incumbent's value of the metric."""
        best = self.best
        return None if best is None else best.error

    @property
    def records(self) -> list[Record]:
        """Configuration, error and runtime of each finished trial, in the order in which they ended."""
        return bookkeeping.records(self.trials, self.row.goal, self._incumbent_from)

    def curve(self, trial: int) -> list[tuple[int, Mapping[str, float]]]:
        """(step, metrics) of one trial."""
        return [(step, metrics) for _, step, _, metrics in self._store.tables.reports(self.name, trial)]

    def log(self, trial: int) -> str:
        """What the trial has printed, as far as it was kept; empty when it printed nothing, or ran in this process."""
        self._store.tables.trial(self.name, trial)
        file = output_file(self._store.folder(self.name), trial)
        return "" if file is None else file.read_text(errors="replace")

    def events(self) -> Iterator[Event]:
        """All that happened in the study, in order."""
        return (event for _, event in self._store.read(self.name))

    def artifacts(self, trial: int) -> dict[str, Path]:
        """The files that the trial has logged, by name; of one name the newest."""
        folder, row = self._store.folder(self.name), self._store.tables.trial(self.name, trial)
        return {kept.name: kept_file(folder, trial, kept.path) for kept in row.artifacts}

    def best_checkpoint(self) -> Checkpoint:
        """The checkpoint of the incumbent's best step; ``load_best`` gives what is in it.

        CheckpointError when that step left none, as functions without ``trial.epochs`` do.
        """
        return bookkeeping.best_checkpoint(self._store, self.name, self.best)

    def load_best(self) -> Any:
        """The state at the incumbent's best step: ``load_best()["model"]`` are the weights that ``epochs`` saved.

        CheckpointError when that step left none, or its file is gone or torn.
        """
        from rung.runtime.checkpoints import load_checkpoint

        return load_checkpoint(self.best_checkpoint())

    def table(self, where: str | None = None) -> list[dict[str, Json]]:
        """One flat dict per trial: number, state, hyperparameters, best, value, steps, times in seconds, metrics.

        where: only the trials that pass this filter, such as ``"lr<0.1 and state=done"``. SettingError when it isn't
        understood.
        """
        return list(self._table(where).rows)

    def to_pandas(self, where: str | None = None) -> Any:
        """The table as a pandas.DataFrame. MissingExtraError without pandas."""
        from rung.analysis.table import as_pandas

        return as_pandas(self._table(where))

    def to_polars(self, where: str | None = None) -> Any:
        """The table as a polars.DataFrame. MissingExtraError without polars."""
        from rung.analysis.table import as_polars

        return as_polars(self._table(where))

    def plot(
        self,
        kind: str = "overview",
        path: str | Path | None = None,
        *,
        where: str | None = None,
        x: Over | None = None,
        hyperparameters: Sequence[str] | None = None,
        step_name: str = "step",
    ) -> Figure:
        """A matplotlib figure of the study. With a path, saved there in the format that its ending says.

        kind: overview, any_time, curves, parallel, slice, contour, importance, posterior, edf or timeline. where: a
        filter for the trials shown. x: what the any-time curve runs along: seconds, trials or epochs. hyperparameters:
        which ones parallel, slice, contour and posterior show. step_name: what a step is called on the axes, such as
        ``epoch``. SettingError for what is not understood; MissingExtraError without matplotlib. RungError, and no
        file, for a path and an importance or posterior of which too few trials can tell anything.
        """
        from rung.analysis.kinds import Wish, make_figure
        from rung.analysis.pictures import format_of, save

        if path is not None:
            format_of(path)  # before the work that would be lost
        wish = Wish(over=x, names=hyperparameters, step_name=step_name, title=self.name, is_kept=path is not None)
        figure = make_figure(kind, self._source(where), wish)
        if path is not None:
            save(figure, path)
        return figure

    def plot_json(
        self, kind: str = "overview", *, where: str | None = None, hyperparameters: Sequence[str] | None = None
    ) -> dict[str, Json]:
        """What a figure of that kind shows, as JSON: for other programs to draw. Needs no matplotlib."""
        from rung.analysis.curves import to_json
        from rung.analysis.kinds import Wish, make_columns

        return to_json(make_columns(kind, self._source(where), Wish(names=hyperparameters)))

    def importance(self, where: str | None = None) -> dict[str, float]:
        """The share of each hyperparameter in what makes a configuration one of the best tenth, the largest first.

        where: a filter for the trials that count. RungError where nothing can be told, as from fewer than ten.
        """
        from rung.analysis.importance import by_name
        from rung.analysis.kinds import importance_of

        return by_name(importance_of(self._source(where)))

    def utilisation(self) -> Utilisation:
        """How busy the workers were: ``print(study.utilisation())``; ``.share`` of all, ``.shares`` of each."""
        from rung.analysis.utilisation import utilisation

        return utilisation(self.events(), at=self.row.at)

    def compare(
        self,
        *methods: str,
        seeds: int | Sequence[int] = 10,
        trials: int | None = None,
        workers: int | None = None,
        objective: Callable[..., object] | Sequence[str] | str | None = None,
        store: Store | str | Path | None = None,
        axis: str | None = None,
        progress: Literal["plain", "off"] = "plain",
    ) -> StudyComparison:
        """Repeat the study with each method and seed, and say which method is better.

        methods: searchers and schedulers by name, such as ``"random"`` and ``"asha(reduction_factor=2)+sobol"``. seeds:
        so many, from 0 on, or which. All else is as in this study: objective, space, metric, first points, what a trial
        may cost, and by default the number of trials and workers. Each repeat is a study named like
        ``lenet~random~3``, of the project ``lenet~``, in the same store unless another is given. Those that are there
        are not run again, and those that were interrupted go on, so the same call after Ctrl-C finishes the work.
        objective: needed where nothing names the study's own. axis: as in ``rung.compare``. progress: a line per
        repeat, or ``off``.

        SettingError for what can't be repeated, before anything runs.
        """
        from rung._repeat import Wanted, repeat

        wanted = Wanted(methods, seeds=seeds, trials=trials, workers=workers, objective=objective)
        return repeat(self.row, self._store, wanted, into=store, axis=axis, progress=progress)

    def lineage(self, trial: int | None = None) -> Lineage:
        """From which trials a trial's weights come, and which hyperparameters trained them when.

        trial: by default the incumbent's, up to its best step; of another one, up to its last.
        ``lineage.schedule("lr")`` is the learning rate over the steps. TrialNotFoundError; RungError as long as there
        is no incumbent.
        """
        from rung.analysis.lineage import lineage

        until = None
        if trial is None:
            best = self.best
            if best is None:
                raise RungError("There is no incumbent yet, so it has no lineage.", hint="Say of which trial.")
            trial, until = best.trial, best.step
        return lineage(self.events(), trial, study=self.name, metric=self.row.goal.metric, until=until)

    def replay(
        self,
        trial: int | None = None,
        *,
        objective: Callable[..., object] | Sequence[str] | str | None = None,
        name: str | None = None,
        seed: int | None = None,
        workers: int | None = None,
        backend: Backend | None = None,
    ) -> Replayed:
        """Train anew, from the beginning, with the hyperparameter schedule of a trial's ``lineage``.

        It tells a schedule that is good from a population that had luck: the replay begins with other weights, and
        there is no choice among many. objective: needed where nothing names the study's own. name: of the replay's
        study in the same store, by default ``NAME~replay``; one that was interrupted goes on. seed, workers, backend:
        as for ``Tuner``. RungError when the replay does not come to the end, as when one of its trials fails.
        """
        from rung._replay import replay

        line = self.lineage(trial)
        return replay(
            self.row, line, self._store, objective=objective, name=name, seed=seed, workers=workers, backend=backend
        )

    def edit(
        self,
        domains: Mapping[str, Any] | None = None,
        *,
        pin: Mapping[str, Any] | None = None,
        reopen: Sequence[str] = (),
        priors: Mapping[str, Any] | None = None,
    ) -> SpaceEdit:
        """Ask for another space from now on: ``print(study.edit(pin={"opt": "adam"}))``.

        domains: by name, what a dimension is to be, narrower or wider than before. pin: values to be held fast. reopen:
        dimensions to be as they were before they were pinned. priors: where the best values are believed to be, such as
        ``"~1e-3:high"``; None drops one. SpaceError for what makes no space, and then nothing is asked for.
        """
        from rung.tuning.steering import ask_for_edit, plan_edit

        plan = plan_edit(self._store, self.name, domains, pin=pin, reopen=reopen, priors=priors)
        return ask_for_edit(self._store, plan)

    def zoom(self, top: float = 0.2, margin: float = 0.05, *, dry_run: bool = False) -> Zoom:
        """Ask for the space to be drawn closer around the best trials: ``print(study.zoom())`` says what changes.

        top: the share of the trials with a result that are the best. margin: what the new ranges reach beyond their
        values. dry_run: ask for nothing. The rules stand at ``rung.space.zooming.zoomed``; a range opens again, up to
        what was ever allowed, where the best trial is at its border. RungError for fewer than five
        results, and for none since the ranges were last set.
        """
        from rung.tuning.zooming import ask_for_zoom, plan_zoom

        plan = plan_zoom(self._store, self.name, top=top, margin=margin)
        return plan if dry_run else ask_for_zoom(self._store, plan)

    def hand_over(self, searcher: str | Mapping[str, Json] | Searcher) -> HandOver:
        """Ask for another searcher to go on: ``print(study.hand_over("gp"))``. It knows all that was tried.

        searcher: by name with options, as JSON form, or an object, of which only the form counts. SettingError.
        """
        from rung.tuning.handover import hand_over

        return hand_over(self._store, self.name, searcher)

    def live(self) -> None:
        """Show the study in a notebook, kept up to date while a tuner works. SettingError elsewhere."""
        from rung.console.notebook import show_live

        show_live(self)

    def close(self) -> None:
        """Let go of the store; the study can't be read any more. Needed only where files must not stay open."""
        self._store.close()

    def _selected(self, row: StudyRow, where: str | None) -> list[TrialRow]:
        from rung.columns import columns_of_trials
        from rung.filters import select

        trials = self.trials
        return select(where, trials, columns_of_trials(row, trials, self._store))

    def _table(self, where: str | None) -> Table:
        from rung.analysis.table import trial_table

        row = self.row
        return trial_table(row, self._selected(row, where), self._store.tables.last_metrics(self.name))

    def _source(self, where: str | None) -> Source:
        from rung.analysis.kinds import Source
        from rung.tuning.engine import is_forwarded

        row = self.row
        trials, reports = self._selected(row, where), lambda: self._store.tables.reports(self.name)
        return Source(row, trials, reports, self.events, told=lambda: filter(is_forwarded, self.events()))

    def __repr__(self) -> str:
        row, best = self.row, self.best
        found = "no value yet" if best is None else f"{row.goal.metric} {best.error:g} in trial {best.trial}"
        return f"<Study {self.name!r}: {sum(row.counts.values())} trials, {found}>"

    def _repr_html_(self) -> str:
        """The study on a card, for notebooks: no scripts, so that it looks the same wherever it is kept."""
        from rung.analysis.trajectory import trajectory
        from rung.console.card import study_card

        row = self.row
        curve = trajectory(self.trials, self._store.tables.reports(self.name), goal=row.goal)
        return study_card(row, self.best, curve)
