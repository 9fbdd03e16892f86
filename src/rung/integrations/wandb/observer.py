"""A study in Weights & Biases, written event by event."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, final

from rung.errors import MissingExtraError, SettingError
from rung.integrations._tracking import Export

if TYPE_CHECKING:
    from collections.abc import Mapping

    import wandb

    from rung.events import Event
    from rung.ledger import Ledger
    from rung.study import Study


@final
class WandB:
    """Writes what happens in a study for Weights & Biases: ``Tuner(…, observers=[WandB("demo", mode="offline")])``.

    project, entity, mode, dir: as for ``wandb.init``, with its defaults; dir is where its folder ``wandb`` is. The
    study is a group, and each of its trials a run in it, with its hyperparameters, a curve of every metric, and its
    state. Runs have names of their own making, so a study that goes on later writes on in them, and what stands in the
    folder already is not written again.

    A service that fails ends the export with a warning, not the study; ``export`` catches up. It is written to by a
    thread beside the tuner. MissingExtraError without wandb; SettingError where it refuses what is given.
    """

    def __init__(
        self,
        project: str | None = None,
        *,
        entity: str | None = None,
        mode: Literal["online", "offline", "disabled"] | None = None,
        dir: str | Path | None = None,  # noqa: A002  wandb's own word
    ) -> None:
        settings = _settings({"project": project, "entity": entity, "mode": mode}, dir)
        from rung.integrations.wandb._runs import Runs

        self._export = Export(Runs(settings))

    def __call__(self, event: Event, ledger: Ledger) -> None:
        """Take a committed event, with the ledger after its whole transaction."""
        self._export.tell(event, ledger)

    def export(self, study: Study) -> None:
        """Write all of a study that is not there yet; returns when it is. RungError when Weights & Biases fails."""
        self._export.catch_up(study)


def _settings(given: Mapping[str, str | None], folder: str | Path | None) -> wandb.Settings:
    """What all runs have in common. SettingError where wandb refuses a value, also one from its environment."""
    try:
        import wandb
        from pydantic import ValidationError
    except ImportError as error:
        raise MissingExtraError("An export to Weights & Biases", "wandb") from error
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    try:
        default = wandb.setup().settings.root_dir
        root = Path(default if folder is None else folder).absolute()
        quiet: dict[str, Any] = {"console": "off", "silent": True, "x_disable_stats": True}  # of the tuner, not trials
        return wandb.Settings(root_dir=str(root), **chosen, **quiet)
    except ValidationError as error:
        refusal = error.errors()[0]
        what = f"{'.'.join(map(str, refusal['loc']))}={refusal['input']!r}"
        raise SettingError(f"Weights & Biases takes no {what}: {refusal['msg']}.") from error
    except wandb.Error as error:
        raise SettingError(f"Weights & Biases can't be written so: {error}.") from error
