"""``rung doctor``: is this machine, and the store on it, in order?"""

from __future__ import annotations

import click

from rung.cli._options import debug_option, json_option, store_option

_MARKS = {"ok": " ", "note": "·", "warning": "!", "broken": "✗"}


@click.command()
@store_option
@json_option
@debug_option
def doctor(store: str, *, as_json: bool) -> int:
    """Check this machine and the store; changes nothing.

    Looks at versions, processors, memory, GPUs, optional packages, and at the store: its schema, who holds its studies,
    and how safe, fast and full its disk is. Exit code 1 when something is broken.
    """
    from msgspec import to_builtins

    from rung.cli._machine import look_at_machine
    from rung.cli._output import print_json
    from rung.cli._store_health import look_at_store

    found = [*look_at_machine(), *look_at_store(store)]
    counts = {verdict: sum(each.verdict == verdict for each in found) for verdict in _MARKS}
    if as_json:
        print_json({"is_ok": not counts["broken"], "findings": [to_builtins(each) for each in found]})
        return 1 if counts["broken"] else 0
    width = max(len(each.name) for each in found)
    for each in found:
        click.echo(f"{_MARKS[each.verdict]} {each.name:<{width}}  {each.value}")
        if each.hint:
            click.echo(f"  {'':<{width}}  {each.hint}")
    named = [f"{count} {verdict}" for verdict, count in counts.items() if count and verdict in {"warning", "broken"}]
    click.echo("All is well." if not named else f"Marked above: {', '.join(named)}.")
    return 1 if counts["broken"] else 0
