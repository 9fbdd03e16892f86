"""A study in MLflow, written event by event."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from rung.errors import MissingExtraError, SettingError
from rung.integrations._tracking import Export

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from rung.events import Event
    from rung.ledger import Ledger
    from rung.study import Study


@final
class MLflow:
    """Writes what happens in a study for MLflow: ``Tuner(…, observers=[MLflow("sqlite:///mlflow.db")])``.

    tracking_uri: of a server or a database; by default MLflow's own. experiment: the name of the experiment; by default
    the study's project, or its name where it has none. The study is a run, and each of its trials one below it, with
    its hyperparameters, a curve of every metric, and its state. A study that goes on later finds its runs again, and
    what they have already is not written again.

    A service that fails ends the export with a warning, not the study; ``export`` catches up. It is written to by a
    thread beside the tuner. MissingExtraError without mlflow; SettingError where MLflow refuses the address.
    """

    def __init__(self, tracking_uri: str | None = None, experiment: str | None = None) -> None:
        client = _client(tracking_uri)
        from rung.integrations.mlflow._runs import Runs

        self._export = Export(Runs(client, experiment))

    def __call__(self, event: Event, ledger: Ledger) -> None:
        """Take a committed event, with the ledger after its whole transaction."""
        self._export.tell(event, ledger)

    def export(self, study: Study) -> None:
        """Write all of a study that is not there yet; returns when it is. RungError when MLflow fails."""
        self._export.catch_up(study)


def _client(tracking_uri: str | None) -> MlflowClient:
    purpose = "An export to MLflow"
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ImportError as error:
        raise MissingExtraError(purpose, "mlflow") from error
    try:
        return MlflowClient(tracking_uri=tracking_uri)
    except ImportError as error:  # mlflow-skinny comes without what databases need
        raise MissingExtraError(f"{purpose} in a database", "mlflow") from error
    except MlflowException as error:
        raise SettingError(f"MLflow can't use the address {tracking_uri!r}: {error}") from error
