"""``rung tag``: words by which studies and trials are found again."""

from __future__ import annotations

import click

from rung.cli._complete import complete_target
from rung.cli._options import UsageProblem, debug_option, json_option, reading, store_option


@click.command()
@click.argument("what", metavar="STUDY[#TRIAL]", shell_complete=complete_target)
@click.argument("added", nargs=-1, metavar="[TAG]...")
@click.option("--remove", "removed", multiple=True, metavar="TAG", help="Take this tag away; may be given repeatedly.")
@store_option
@json_option
@debug_option
def tag(what: str, added: tuple[str, ...], removed: tuple[str, ...], store: str, *, as_json: bool) -> None:
    """Tag a study or a trial: rung tag lenet vision fast --remove todo. Without tags, print them."""
    from rung.cli._command import send
    from rung.cli._output import print_json
    from rung.cli._target import find_target
    from rung.commands import Tag
    from rung.errors import RungError
    from rung.tuning.labels import TAGS_ARE, is_tag

    for word in added:
        if not is_tag(word):
            raise UsageProblem(f"{word!r} can't be a tag.", hint=TAGS_ARE)
    if both := set(added) & set(removed):
        raise UsageProblem(f"{min(both)!r} is to be added and removed.", hint="Decide for one of them.")
    with reading(store) as opened:
        target = find_target(what, opened)
        has = target.row(opened).tags
        if absent := [word for word in removed if word not in has]:
            hint = f"It has: {' '.join(has)}." if has else "It has none."
            raise RungError(f"{target} has no tag {absent[0]!r}.", hint=hint)
        sentence = ""
        if added or removed:
            sentence = send(opened, target.study, Tag(added, removed, target.trial))
        tags = target.row(opened).tags
        if as_json:
            print_json(list(tags))
        else:
            click.echo(sentence or " ".join(tags) or f"No tags on {target}.")
