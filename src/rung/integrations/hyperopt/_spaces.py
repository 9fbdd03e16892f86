"""hyperopt's spaces: nested dicts, lists and tuples with hyperparameters in them, as spaces of rung and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, final

from rung.errors import SpaceError
from rung.integrations.hyperopt._nodes import Applied, Parameter, Weighed
from rung.space import Between, Space

if TYPE_CHECKING:
    from rung.types import Config, Json


class _Branch(NamedTuple):
    """Option number ``place`` of a choice."""

    choice: Parameter
    place: int


@final
class Tree:
    """A space as hyperopt has it, together with the one that a study searches.

    A hyperparameter within an option of a choice is searched only while that option is chosen; one that stands in
    options of several choices is searched always, and left out of the results where it is not used. SpaceError for two
    hyperparameters of one label, and for a space without any.
    """

    def __init__(self, root: Any) -> None:
        self._root = root
        places: dict[str, list[_Branch | None]] = {}
        self.parameters: dict[str, Parameter] = {}
        for parameter, branch in _visited(root, None):
            if self.parameters.setdefault(parameter.label, parameter) is not parameter:
                raise SpaceError(
                    f"the label {parameter.label!r} is used twice.",
                    hint="Give each hyperparameter a label of its own, or use the same object in both places.",
                )
            places.setdefault(parameter.label, []).append(branch)
        if not self.parameters:
            raise SpaceError(
                f"there is nothing to search in {root!r}.",
                hint='Use hyperparameters, as in {"x": hp.uniform("x", 0, 1)}.',
            )
        whens = {label: _condition(branches) for label, branches in places.items()}
        conditions = {label: when for label, when in whens.items() if when is not None}
        self.space = Space({label: each.domain for label, each in self.parameters.items()}, conditions=conditions)

    def values(self, config: Config) -> dict[str, Json]:
        """Label -> hyperopt's value, of what is used in a configuration of the study; choices as indices."""
        readable = {label: self.parameters[label].reading.read(value) for label, value in config.items()}
        used: dict[str, Json] = {}
        evaluated(self._root, readable, used)
        return {label: used[label] for label in self.parameters if label in used}

    def point(self, values: Mapping[str, Json]) -> Any:
        """What the objective gets for hyperopt's values: the space with a value in place of each hyperparameter."""
        return evaluated(self._root, values, {})

    def config(self, values: Mapping[str, Any]) -> Config:
        """The study's configuration for hyperopt's values; those that are not used are left out.

        SpaceError when one is missing or is none of its hyperparameter's, and for unknown labels.
        """
        if unknown := values.keys() - self.parameters.keys():
            raise SpaceError(
                f"the space has no label {min(unknown)!r}.", hint=f"There are {', '.join(self.parameters)}."
            )
        used: dict[str, Json] = {}
        evaluated(self._root, values, used)
        return self.space.validate({label: self.parameters[label].stored(value) for label, value in used.items()})


def space_eval(space: Any, hp_assignment: Mapping[str, Any]) -> Any:
    """The space with the values of an assignment, as ``fmin`` returns it, in place of its hyperparameters.

    Lists become tuples, as there. SpaceError when a value that is used is missing.
    """
    return evaluated(space, hp_assignment, {})


def evaluated(node: Any, values: Mapping[str, Any], used: dict[str, Json]) -> Any:
    """The tree below a node with values in place of hyperparameters; notes under ``used`` which it took."""
    if isinstance(node, Parameter):
        if node.label not in values:
            raise SpaceError(f"{node.label!r} has no value.", hint=f"Add it: {{{node.label!r}: …}}.")
        value = used[node.label] = values[node.label]
        return value if node.options is None else evaluated(_option(node, value), values, used)
    if isinstance(node, Applied):
        return node.function(evaluated(node.argument, values, used))
    if isinstance(node, Mapping):
        return {key: evaluated(each, values, used) for key, each in node.items()}
    if isinstance(node, list | tuple):
        return tuple(evaluated(each, values, used) for each in node)
    return node


def _option(node: Parameter, index: Any) -> Any:
    options = node.options or ()
    is_index = not isinstance(index, str | bool) and index in range(len(options))
    if not is_index:
        raise SpaceError(
            f"{node.label!r} chooses by an index from 0 to {len(options) - 1}, got {index!r}.",
            hint="Give the option's place in the list, as fmin returns it.",
        )
    return options[int(index)]


def _visited(node: Any, branch: _Branch | None) -> Iterator[tuple[Parameter, _Branch | None]]:
    """Each hyperparameter wherever it stands, with the option of the nearest choice above it."""
    if isinstance(node, Parameter):
        yield node, branch
        for index, option in enumerate(node.options or ()):
            yield from _visited(option, _Branch(node, index))
    elif isinstance(node, Applied):
        yield from _visited(node.argument, branch)
    elif isinstance(node, Mapping):
        for each in node.values():
            yield from _visited(each, branch)
    elif isinstance(node, list | tuple):
        for each in node:
            yield from _visited(each, branch)


def _condition(branches: list[_Branch | None]) -> tuple[str, Any] | None:
    """On what its choice a hyperparameter depends, as spaces of rung say it; None for nothing that one can say."""
    known = [each for each in branches if each is not None]
    parents = {each.choice.label for each in known}
    if len(known) < len(branches) or len(parents) > 1:
        return None
    choice, indices = known[0].choice, sorted({each.place for each in known})
    if not isinstance(choice.reading, Weighed):
        return choice.label, indices
    if len(indices) > 1:
        return None
    return choice.label, Between(*choice.reading.share(indices[0]))
