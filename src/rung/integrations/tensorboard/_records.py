"""The three records of the HPARAMS tab: the experiment, and the beginning and end of a session in it.

They are put together by hand where ``summary_v2`` would need TensorFlow to write them, or leaves out what the tab
sorts by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import api_pb2, metadata
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo, SessionStartInfo

from rung.integrations.tensorboard._columns import Column, Kind, Scalar

if TYPE_CHECKING:
    from rung.rows import StudyRow

EXPERIMENT: Final[str] = metadata.EXPERIMENT_TAG
START: Final[str] = metadata.SESSION_START_INFO_TAG
END: Final[str] = metadata.SESSION_END_INFO_TAG

_TYPES: Final[Mapping[Kind, int]] = {
    "number": api_pb2.DATA_TYPE_FLOAT64,
    "bool": api_pb2.DATA_TYPE_BOOL,
    "text": api_pb2.DATA_TYPE_STRING,
}
_KINDS: Final[Mapping[int, Kind]] = {number: kind for kind, number in _TYPES.items()}


class Experiment(NamedTuple):
    """What an experiment says: its columns, and its metrics as tag -> how it is shown."""

    columns: Mapping[str, Column]
    metrics: Mapping[str, str]


def session_start(config: Mapping[str, Scalar], *, group: str, unix: float) -> Any:
    """The record that begins a trial. group: what trials that are averaged have in common."""
    info = SessionStartInfo(group_name=group, start_time_secs=unix)
    for name, value in config.items():
        _set(info.hparams[name], value)
    return _summary(START, HParamsPluginData(session_start_info=info))


def session_end(*, is_success: bool, unix: float) -> Any:
    """The record that ends a trial. Of two the first counts, so there must be one only."""
    status = api_pb2.STATUS_SUCCESS if is_success else api_pb2.STATUS_FAILURE
    return _summary(END, HParamsPluginData(session_end_info=SessionEndInfo(status=status, end_time_secs=unix)))


def experiment(study: StudyRow, columns: Mapping[str, Column], metrics: Mapping[str, str]) -> Any:
    """The record of the whole study. Of two the first counts, so there must be one only."""
    found = api_pb2.Experiment(
        name=study.name,
        description=study.message,
        time_created_secs=study.created_unix,
        hparam_infos=[_info(name, column) for name, column in columns.items()],
        metric_infos=[
            api_pb2.MetricInfo(name=api_pb2.MetricName(tag=tag), display_name=shown) for tag, shown in metrics.items()
        ],
    )
    return _summary(EXPERIMENT, HParamsPluginData(experiment=found))


def read_experiment(events: Sequence[Any]) -> Experiment | None:
    """The experiment among these events; None where there is none."""
    for event in events:
        for value in event.summary.value:
            if value.tag == EXPERIMENT:
                found = metadata.parse_experiment_plugin_data(value.metadata.plugin_data.content)
                columns = {info.name: _column(info) for info in found.hparam_infos}
                metrics = {info.name.tag: info.display_name for info in found.metric_infos}
                return Experiment(columns, metrics)
    return None


def _info(name: str, column: Column) -> Any:
    info = api_pb2.HParamInfo(name=name, type=_TYPES[column.kind], differs=column.differs)
    if column.low is not None and column.high is not None:
        info.domain_interval.min_value = column.low
        info.domain_interval.max_value = column.high
    else:
        info.domain_discrete.extend(column.values)
    return info


def _column(info: Any) -> Column:
    kind, differs = _KINDS.get(info.type, "text"), bool(info.differs)
    if info.HasField("domain_interval"):
        return Column(kind, info.domain_interval.min_value, info.domain_interval.max_value, differs=differs)
    return Column(kind, values=tuple(info.domain_discrete), differs=differs)


def _set(field: Any, value: Scalar) -> None:
    if isinstance(value, bool):
        field.bool_value = value
    elif isinstance(value, str):
        field.string_value = value
    else:
        field.number_value = value


def _summary(tag: str, data: Any) -> Any:
    value = Summary.Value(tag=tag, metadata=metadata.create_summary_metadata(data), tensor=metadata.NULL_TENSOR)
    return Summary(value=[value])
