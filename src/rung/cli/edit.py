"""``rung edit``: another space, or another searcher, for a study that has begun."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from rung.cli._complete import complete_searcher, complete_study
from rung.cli._options import UsageProblem, debug_option, json_option, reading, store_option

if TYPE_CHECKING:
    from rung.commands import Command
    from rung.space import Space
    from rung.tuning.steering import SpaceEdit
    from rung.types import Json


@click.command()
@click.argument("study", shell_complete=complete_study)
@click.argument("domains", nargs=-1, metavar="[NAME=DOMAIN]...")
@click.option("--pin", multiple=True, metavar="NAME=VALUE", help="Hold a hyperparameter fast at a value.")
@click.option("--reopen", multiple=True, metavar="NAME", help="Search one again as before it was pinned.")
@click.option(
    "--prior",
    multiple=True,
    metavar="NAME=~VALUE",
    help="Say where the best value is believed to be; ~VALUE:high or ~VALUE:low says how sure that is.",
)
@click.option("--no-prior", multiple=True, metavar="NAME", help="Believe nothing of it any more.")
@click.option(
    "--searcher",
    metavar="METHOD",
    shell_complete=complete_searcher,
    help="Have another searcher go on, possibly with options: gp(acquisition=ei).",
)
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@store_option
@json_option
@debug_option
def edit(  # noqa: PLR0917  click gives them by name
    study: str,
    domains: Sequence[str],
    pin: Sequence[str],
    reopen: Sequence[str],
    prior: Sequence[str],
    no_prior: Sequence[str],
    searcher: str | None,
    store: str,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Change what a study searches, or how: rung edit lenet lr=log:1e-4:1e-2 --pin opt=adam.

    Ranges may become narrower or wider, choices may lose and get options; domains are written as with `rung run -s`.
    What was tried stays, and the searcher goes on learning from it. Another searcher knows it, too. A tuner that runs
    the study heeds it at once; else it waits until the study is resumed.
    """
    from rung.cli._command import send_all
    from rung.cli._space import parse_domains, parse_priors, parse_values
    from rung.commands import EditSpace
    from rung.tuning.steering import plan_edit, plan_hand_over, searcher_to_come

    beliefs: dict[str, Any] = {**parse_priors(prior), **dict.fromkeys(no_prior)}
    if both := sorted({text.partition("=")[0] for text in prior} & set(no_prior)):
        raise UsageProblem(f"{both[0]}: --prior and --no-prior contradict each other.", hint="Give one of them.")
    wishes = parse_domains(domains, "rung edit STUDY"), parse_values(pin, "--pin"), reopen, beliefs
    with reading(store) as opened:
        plan = plan_edit(opened, study, wishes[0], pin=wishes[1], reopen=reopen, priors=beliefs)
        if not any(wishes) and searcher is None:
            raise _nothing_given(plan.before)
        commands: list[Command] = [EditSpace(plan.after.to_json())] if plan.changes else []
        former = searcher_to_come(opened, opened.tables.study(study))
        if searcher is not None:
            hand_over = plan_hand_over(opened, study, searcher, space=plan.after)
            commands += [hand_over] if hand_over.searcher != former else []
        told = [] if dry_run or not commands else send_all(opened, study, commands)
    if as_json:
        _print_json(plan, commands, told)
    else:
        _print(plan, former, commands, told)


def _nothing_given(space: Space) -> UsageProblem:
    names = ", ".join(f"{name} ({domain!r})" for name, domain in space.items())
    return UsageProblem(
        "nothing is to be changed.",
        hint=f"Give NAME=DOMAIN, --pin, --reopen, --prior or --searcher. There are {names}.",
    )


def _print(plan: SpaceEdit, former: Json, commands: Sequence[Command], told: Sequence[str]) -> None:
    from rung.commands import ChangeSearcher
    from rung.console.wording import settings
    from rung.tuning.handover import written

    for change in plan.changes:
        click.echo(str(change))
    for config in plan.dropped:
        click.echo(f"not tried any more, as the space won't have it: {settings(config)}")
    for command in commands:
        if isinstance(command, ChangeSearcher):
            click.echo(f"searcher: {written(former)} -> {written(command.searcher)}")
    if not commands:
        click.echo(f"Nothing changes in {plan.study}.")
    elif not told:
        click.echo("Nothing was changed.")
    for sentence in told:
        click.echo(sentence)


def _print_json(plan: SpaceEdit, commands: Sequence[Command], told: Sequence[str]) -> None:
    from rung.cli._output import print_json
    from rung.commands import ChangeSearcher

    changes: list[Mapping[str, Json]] = [
        {
            "name": each.name,
            "before": each.before.to_json(),
            "after": each.after.to_json(),
            "prior_before": None if each.prior_before is None else str(each.prior_before),
            "prior": None if each.prior is None else str(each.prior),
        }
        for each in plan.changes
    ]
    forms = [each.searcher for each in commands if isinstance(each, ChangeSearcher)]
    print_json(
        {
            "study": plan.study,
            "changes": changes,
            "dropped": [dict(config) for config in plan.dropped],
            "searcher": forms[0] if forms else None,
            "told": list(told),
        }
    )
