"""``rung store``: care of a store as a whole."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rung.cli._complete import complete_study
from rung.cli._group import CommandGroup
from rung.cli._options import UsageProblem, debug_option, json_option, reading, store_option
from rung.errors import SettingError

if TYPE_CHECKING:
    from rung.store import SqliteStore

_SHOWN = 50


@click.group(cls=CommandGroup)
@debug_option
def store() -> None:
    """Back up, check, clean and move stores."""


@store.command()
@click.argument("target", type=click.Path(path_type=Path), metavar="FILE")
@store_option
@debug_option
def backup(target: Path, store: str) -> None:
    """Copy all studies as they are now into FILE, also while they are being run.

    The checkpoints and logs of the trials are in the folder beside the store and are not copied; `rung store copy`
    takes them along.
    """
    from rung.console.wording import size
    from rung.store.maintenance import backup as save

    with _file(store) as opened:
        done = save(opened, target)
        count = len(opened.tables.studies())
    click.echo(f"{_studies(count)} in {done} ({size(done.stat().st_size)}).")


@store.command()
@store_option
@json_option
@debug_option
def verify(store: str, *, as_json: bool) -> int:
    """Check the file, and the tables of all its studies against their logs; changes nothing.

    Exit code 1 when anything is wrong. `rung verify STUDY` also derives the decisions of one study again.
    """
    from rung.cli._output import print_json
    from rung.store.maintenance import check_file
    from rung.store.verify import verify as differences_of

    with _file(store) as opened:
        problems = {"file": check_file(opened)}
        names = [name for (name,) in opened.database.query("SELECT name FROM study ORDER BY id")]
        found = {name: differences_of(opened, name) for name in names}
    is_ok = not any([*problems.values(), *found.values()])
    if as_json:
        print_json({"is_ok": is_ok, **problems, "studies": found})
    else:
        for title, sentences in {
            "file": problems["file"],
            **{f"study {name!r}": found[name] for name in names},
        }.items():
            _tell(title, sentences)
    return 0 if is_ok else 1


@store.command()
@store_option
@json_option
@click.option("-y", "--yes", is_flag=True, help="Remove what is found without asking.")
@debug_option
def gc(store: str, *, as_json: bool, yes: bool) -> None:
    """Find files that no study needs, and remove them when you agree.

    These are folders of studies that are gone, and checkpoints and halves of artifacts that killed runs left and no
    log knows. What a training put into its folder itself is kept, and so is what was written within the last hour.
    With --json, or where nobody can be asked, they are only listed.
    """
    from rung.cli._output import print_json
    from rung.console.wording import size
    from rung.store.maintenance import compact, find_garbage, remove_garbage

    with _file(store) as opened:
        found = find_garbage(opened)
        total = sum(each.size for each in found)
        if as_json:
            listed = [{"path": str(each.path), "bytes": each.size, "why": each.why} for each in found]
            freed = remove_garbage(opened, found) + compact(opened) if yes else 0
            print_json({"garbage": listed, "bytes": total, "freed_bytes": freed})
            return
        for each in found:
            click.echo(f"{each.path}  {size(each.size)}  {each.why}")
        if not found:
            click.echo("There is nothing to remove.")
        if yes or (found and _can_ask() and click.confirm(f"Remove {size(total)}?")):
            freed = remove_garbage(opened, found) + compact(opened)
            click.echo(f"Freed {size(freed)}.")
        elif found:
            click.echo("Nothing was removed; --yes does it.")


@store.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.argument("studies", nargs=-1, metavar="[STUDY…]")
@debug_option
def copy(source: str, target: str, studies: Sequence[str]) -> None:
    """Copy studies with the files of their trials from one store into another: all, or those named.

    Paths in the copied log lead to the copied files. A study that is being run can't be copied.
    """
    from rung.cli.main import tell
    from rung.console.wording import plural
    from rung.errors import StudyExistsError
    from rung.store import open_store
    from rung.store.maintenance import copy_study
    from rung.store.opening import path_of

    if path_of(source).expanduser().resolve() == path_of(target).expanduser().resolve():
        raise UsageProblem("FROM and TO are the same store.", hint="Name another file as TO.")
    with reading(source) as opened:
        names = [opened.tables.study(name).name for name in studies] or [row.name for row in opened.tables.studies()]
        with contextlib.closing(open_store(target, create=True)) as other:
            for name in names:
                try:
                    count = copy_study(opened, other, name)
                except StudyExistsError as error:
                    if studies:
                        raise
                    tell(f"{error.sentence} It was left as it is.")
                else:
                    click.echo(f"{name}: {plural(count, 'event')}")


@store.command()
@click.argument("study", shell_complete=complete_study)
@store_option
@click.option("-y", "--yes", is_flag=True, help="Delete it without asking.")
@debug_option
def delete(study: str, store: str, *, yes: bool) -> None:
    """Delete a study with its log and the files of its trials, for good."""
    from rung.console.wording import size
    from rung.store.maintenance import delete_study

    with _file(store) as opened:
        row = opened.tables.study(study)
        if not yes:
            if not _can_ask():
                raise UsageProblem("nobody can be asked whether to delete it.", hint="Add --yes.")
            count = sum(row.counts.values())
            click.confirm(f"Delete the study {study!r} with its {count} trials and their files for good?", abort=True)
        removed = delete_study(opened, study)
    click.echo(f"Deleted {study!r}; {size(removed)} of files went with it.")


@store.command()
@click.argument("path", required=False, metavar="[FILE]")
@store_option
@debug_option
def upgrade(path: str | None, store: str) -> None:
    """Bring a store that an older rung wrote up to date.

    A copy of the file as it was is kept beside it. Whatever goes wrong leaves the file as it was.
    """
    from rung.store.migration import upgrade as migrate
    from rung.store.opening import path_of

    done = migrate(path_of(path or store))
    if done.backup is None:
        click.echo(f"The store has the newest schema already (version {done.after}).")
    else:
        click.echo(f"Version {done.before} became {done.after}: {_studies(done.studies)}, tables written anew.")
        click.echo(f"The file as it was is kept as {done.backup}.")


@contextlib.contextmanager
def _file(url: str) -> Iterator[SqliteStore]:
    """An existing store that is a file."""
    from rung.store import SqliteStore

    with reading(url) as opened:
        if not isinstance(opened, SqliteStore):
            raise SettingError(f"The store {url!r} is no file.", hint="Name the file of a store, such as rung.db.")
        yield opened


def _can_ask() -> bool:
    return sys.stdin.isatty()


def _studies(count: int) -> str:
    return "1 study" if count == 1 else f"{count} studies"


def _tell(title: str, sentences: Sequence[str]) -> None:
    click.echo(f"{title}: {'sound' if not sentences else ''}".rstrip())
    for sentence in sentences[:_SHOWN]:
        click.echo(f"  {sentence}")
    if len(sentences) > _SHOWN:
        click.echo(f"  and {len(sentences) - _SHOWN} more")
