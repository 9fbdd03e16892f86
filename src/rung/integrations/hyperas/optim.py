"""hyperas' ``optim``: the data are loaded once, and a model function is called with them in each trial."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rung.errors import SettingError
from rung.integrations.hyperas.distributions import Unlabelled
from rung.integrations.hyperopt import Trials, fmin, space_eval

if TYPE_CHECKING:
    from rung.integrations.hyperopt._minimising import Algo

_INSTEAD = "Give the function a parameter with this default, and write its name there: def model(…, *, {name}={given})."


def minimize(  # noqa: PLR0917  # the order is that of hyperas
    model: Callable[..., Any],
    data: Callable[..., Any],
    algo: Algo,
    max_evals: int,
    trials: Trials,
    functions: Sequence[Callable[..., Any]] = (),
    rseed: int = 1337,
    notebook_name: str | None = None,
    *,
    verbose: bool = True,
    eval_space: bool = False,
    return_space: bool = False,
    data_args: Sequence[Any] = (),
) -> tuple[Any, ...]:
    """Minimise the loss of a model function; returns the best values by name, and the model of the best trial.

    model: takes what ``data`` returns, in that order, and the hyperparameters, whose defaults are ``distributions``;
    returns a dict with ``loss``, ``status`` and ``model``. data: called once, with ``data_args``. algo, max_evals,
    trials: as for ``fmin``. rseed: the study's seed. eval_space: options in place of the indices of choices.
    return_space: the space, as ``space_eval`` takes it, comes third. functions, notebook_name: not needed here.

    SettingError for templates, and for a model function without hyperparameters.
    """
    del functions, notebook_name
    space = _space(model)
    loaded = data(*data_args)
    given = loaded if isinstance(loaded, tuple) else (loaded,)
    best = fmin(
        lambda point: model(*given, **point),
        space,
        algo=algo,
        max_evals=max_evals,
        trials=trials,
        rstate=rseed,
        verbose=verbose,
    )
    values = space_eval(space, best) if eval_space else best
    found = trials.best_trial["result"].get("model")
    return (values, found, space) if return_space else (values, found)


def _space(model: Callable[..., Any]) -> dict[str, Any]:
    """Name -> hyperparameter, of the parameters whose defaults are distributions."""
    for template in _templates(model):
        name = template.partition("(")[0]
        raise SettingError(
            f"the model function has the template {{{{{template}}}}}, which is not filled in here.",
            hint=_INSTEAD.format(name=f"my_{name}", given=template),
        )
    defaults = {name: each.default for name, each in inspect.signature(model).parameters.items()}
    space = {name: each.labelled(name) for name, each in defaults.items() if isinstance(each, Unlabelled)}
    if not space:
        raise SettingError(
            "the model function has no hyperparameters.", hint=_INSTEAD.format(name="dropout", given="uniform(0, 1)")
        )
    return space


def _templates(model: Callable[..., Any]) -> Iterator[str]:
    """What stands between double braces in the function's text, as far as that can be had."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(model)))
    except (OSError, TypeError, SyntaxError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Set) and len(node.elts) == 1 and isinstance(node.elts[0], ast.Set):
            yield ", ".join(map(ast.unparse, node.elts[0].elts))
