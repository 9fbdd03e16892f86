"""What a person wants of a study's space and searcher, worked out and checked before it is asked of the tuner."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, final

import numpy as np
from msgspec import Struct, structs

from rung.commands import ChangeSearcher, EditSpace, Enqueue
from rung.errors import SettingError, SpaceError
from rung.events import SpaceEdited, StudyCreated
from rung.history import History
from rung.registry import build_searcher, form_of, handed_over
from rung.space import Between, Constant, Linear, Space, as_domain
from rung.space.editing import edited
from rung.space.priors import Prior, as_priors
from rung.space.sets import is_numeric
from rung.tuning.engine import split_log

if TYPE_CHECKING:
    from rung.contracts import Searcher, Store
    from rung.rows import StudyRow
    from rung.space import Domain
    from rung.types import Config, Json


@final
class Change(Struct, frozen=True):
    """What an edit makes of one dimension. As a text: a sentence without its full stop."""

    name: str
    before: Domain
    after: Domain
    prior_before: Prior | None = None
    prior: Prior | None = None

    def __str__(self) -> str:
        parts = []
        if self.before != self.after:
            parts.append(f"{_words(self.before)} -> {_words(self.after)}")
        if self.prior_before != self.prior:
            parts.append(f"prior {self.prior_before or 'none'} -> {self.prior or 'none'}")
        return f"{self.name}: {', '.join(parts)}"


@final
class SpaceEdit(Struct, frozen=True):
    """An edit of a study's space: what it is before and after, and what follows.

    dropped: the configurations that wait to be tried and that the new space does not contain; they will not be tried.
    command: its number in the study's inbox; None when it was not asked for, as when nothing changes.
    """

    study: str
    before: Space
    after: Space
    dropped: Sequence[Config] = ()
    command: int | None = None

    @property
    def changes(self) -> list[Change]:
        """What happens to each dimension of both spaces that does not stay as it is, in the order of the new one."""
        before, after = self.before, self.after
        changes = (
            Change(name, before[name], domain, before.priors.get(name), after.priors.get(name))
            for name, domain in after.items()
            if name in before
        )
        return [each for each in changes if each.before != each.after or each.prior_before != each.prior]

    def __str__(self) -> str:
        return "\n".join(map(str, self.changes)) or "nothing changes"


def plan_edit(
    store: Store,
    study: str,
    domains: Mapping[str, Any] | None = None,
    *,
    pin: Mapping[str, Any] | None = None,
    reopen: Sequence[str] = (),
    priors: Mapping[str, Any] | None = None,
) -> SpaceEdit:
    """What ``Study.edit`` would ask for; see there. Asks for nothing."""
    _check_forms({"domains": domains or {}, "pin": pin or {}, "priors": priors or {}}, reopen)
    row = store.tables.study(study)
    before = space_to_come(store, row)
    wishes = {"a domain": domains or {}, "a pinned value": pin or {}, "re-opening it": dict.fromkeys(reopen)}
    _check_names(before, row, wishes, priors or {})
    open_domains = _open_domains(store, study)
    given = {name: as_domain(each, name=name) for name, each in (domains or {}).items()}
    for name, value in [*_single(given, open_domains), *(pin or {}).items()]:
        given[name] = _pinned(name, value, open_domains.get(name, before[name]))
    given |= {name: _reopened(name, before[name], open_domains) for name in reopen}
    after = edited(before, given)
    if priors:
        _check_beliefs(after, priors)
        after = edited(before, given, priors=_believed(after, priors))
    check_usable(after)
    waiting = (config for config in _waiting(store, row) if before.is_allowed(config))
    return SpaceEdit(study, before, after, [config for config in waiting if not after.is_allowed(config)])


def ask_for_edit(store: Store, plan: SpaceEdit) -> SpaceEdit:
    """Put the whole new space into the study's inbox, unless nothing changes."""
    if not plan.changes:
        return plan
    return structs.replace(plan, command=store.post(plan.study, EditSpace(plan.after.to_json())))


def plan_hand_over(
    store: Store, study: str, searcher: str | Mapping[str, Json] | Searcher, *, space: Space | None = None
) -> ChangeSearcher:
    """The command for ``Study.hand_over``; see there. SettingError for what can be told to be impossible already.

    space: in which it will search; by default that which is to come.
    """
    row = store.tables.study(study)
    form = _searcher_form(searcher)
    if not Space.from_json(row.space):
        raise _by_hand(row)
    handed_over(row.scheduler, form)
    build_searcher(form, space_to_come(store, row) if space is None else space)
    return ChangeSearcher(form)


def space_to_come(store: Store, row: StudyRow) -> Space:
    """The space of a study once the edits are carried out that wait in its inbox."""
    forms = [each.space for _, each in store.tables.pending(row.name) if isinstance(each, EditSpace)]
    return Space.from_json(forms[-1] if forms else row.space)


def searcher_to_come(store: Store, row: StudyRow) -> Json:
    """The form of a study's searcher once those have taken over that wait in its inbox."""
    forms = [each.searcher for _, each in store.tables.pending(row.name) if isinstance(each, ChangeSearcher)]
    return forms[-1] if forms else row.searcher


def check_usable(space: Space) -> None:
    """SpaceError when a condition or a constraint is about numbers and its dimension has none any more.

    Also when no configuration keeps to the constraints, as far as 10,000 random ones can tell.
    """
    for what, name in _numeric(space):
        if not is_numeric(space[name]):
            raise SpaceError(f"{what}, so {name} can't be {space[name]!r}.", hint="Give it numbers.")
    if space.constraints:
        space.sample(np.random.default_rng(0))


def _numeric(space: Space) -> Iterator[tuple[str, str]]:
    """(what a condition or a constraint says, the dimension that must have numbers for it)."""
    for name, whens in space.conditions.items():
        for when in whens:
            if isinstance(when.values, Between):
                yield f"{name} depends on {when}", when.parent
    for constraint in space.constraints:
        if isinstance(constraint, Linear):
            yield from ((f"there is the constraint {constraint}", name) for name in constraint.names)
        else:
            for name, values in constraint.combination:
                if isinstance(values, Between):
                    yield f"there is the constraint {constraint}", name


def _check_forms(by_name: Mapping[str, object], reopen: object) -> None:
    """SpaceError when what is wanted is not given by names."""
    for setting, given in by_name.items():
        if not isinstance(given, Mapping):
            raise SpaceError(f"{setting}={given!r} is no mapping from names.", hint=f"Give {setting}={{name: …}}.")
    if isinstance(reopen, str) or not isinstance(reopen, Iterable):
        raise SpaceError(f"reopen={reopen!r} is no list of names.", hint=f"Give reopen=[{reopen!r}].")


def _check_names(
    space: Space, row: StudyRow, wishes: Mapping[str, Mapping[str, Any]], priors: Mapping[str, Any]
) -> None:
    """SpaceError for names that the space does not have, and for one of which two things are wanted at once."""
    if not space:
        raise _by_hand(row)
    wanted: dict[str, str] = {}
    for wish, names in wishes.items():
        for name in names:
            if name in wanted:
                raise SpaceError(f"{name}: {wanted[name]} and {wish} contradict each other.", hint="Ask for one.")
            wanted[name] = wish
    for name in [*wanted, *priors]:
        if name not in space:
            near = difflib.get_close_matches(name, space, n=1)
            guess = f"Did you mean {near[0]!r}? " if near else ""
            raise SpaceError(
                f"the space of {row.name!r} has no dimension {name!r}.",
                hint=f"{guess}There are {', '.join(space)}. An edit adds none: what was tried so far would have no "
                "value of it, so that belongs into a new study.",
            )
    for name, prior in priors.items():
        if prior is None and name not in space.priors:
            raise SpaceError(f"{name} has no prior that could be dropped.")


def _by_hand(row: StudyRow) -> SettingError:
    return SettingError(f"the study {row.name!r} keeps runs by hand; there is no space in it to be searched.")


def _single(given: Mapping[str, Domain], open_domains: Mapping[str, Domain]) -> list[tuple[str, Json]]:
    """What is pinned by a domain of a single value, as it was searched before."""
    return [
        (name, each.from_unit(0.5))
        for name, each in given.items()
        if isinstance(each, Constant) and name in open_domains
    ]


def _pinned(name: str, value: Any, domain: Domain) -> Constant:
    try:
        return Constant(domain.validate(value))
    except SpaceError as error:
        raise SpaceError(f"{name}: {error.sentence}", hint="Give it a domain with this value first.") from error


def _reopened(name: str, domain: Domain, open_domains: Mapping[str, Domain]) -> Domain:
    if domain.size > 1:
        raise SpaceError(f"{name} is not pinned: it is {domain!r}.")
    if name not in open_domains:
        raise SpaceError(f"{name} has been {domain!r} from the beginning.", hint="Give it a domain instead.")
    return open_domains[name]


def _check_beliefs(space: Space, priors: Mapping[str, Any]) -> None:
    """SpaceError for a belief about what has one value only."""
    for name, prior in priors.items():
        domain = space[name]
        if prior is not None and isinstance(domain, Constant):
            raise SpaceError(
                f"{name} is {_words(domain)}, so a prior for it makes no sense.", hint="Leave out one of the two."
            )


def _believed(space: Space, priors: Mapping[str, Any]) -> Mapping[str, Prior]:
    """The priors of a space, with those given for some names; None drops one."""
    given = {name: prior for name, prior in priors.items() if prior is not None}
    kept = {name: prior for name, prior in space.priors.items() if name not in priors}
    return {**kept, **as_priors(given, space)}


def _open_domains(store: Store, study: str) -> dict[str, Domain]:
    """Name -> the last domain with more than one value that it had, or will have once what waits is carried out."""
    forms = [event.space for _, event in store.read(study) if isinstance(event, StudyCreated | SpaceEdited)]
    forms += [each.space for _, each in store.tables.pending(study) if isinstance(each, EditSpace)]
    spaces = map(Space.from_json, forms)
    return {name: domain for space in spaces for name, domain in space.items() if domain.size > 1}


def _waiting(store: Store, row: StudyRow) -> Iterator[Config]:
    """The configurations that wait to be tried, those included that people have asked for and nobody has read yet."""
    created, told = split_log(event for _, event in store.read(row.name))
    history = History(Space.from_json(created.space), (row.searcher or {}).get("points_to_evaluate") or ())
    for event in told:
        history.update(event)
    yield from history.waiting
    yield from (each.config for _, each in store.tables.pending(row.name) if isinstance(each, Enqueue))


def _searcher_form(searcher: str | Mapping[str, Json] | Searcher) -> Mapping[str, Json]:
    if isinstance(searcher, str):
        return form_of("searchers", searcher)
    if isinstance(searcher, Mapping):
        return dict(searcher)
    spec = None if isinstance(searcher, type) else getattr(searcher, "spec", None)
    if not callable(spec):
        raise SettingError(f"{searcher!r} is no searcher.", hint='Give its name, such as "tpe".')
    return dict(spec())


def _words(domain: Domain) -> str:
    return f"pinned to {domain.value!r}" if isinstance(domain, Constant) else repr(domain)
