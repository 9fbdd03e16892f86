"""Writes the references ``cli.md``, ``errors.md`` and ``api.md`` from the code: ``python docs/generate.py``."""
# ruff: noqa: INP001  a script, not a package

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

import rung
from rung import errors
from rung.cli import main as cli
from rung.errors import RungError

FOLDER = Path(__file__).parent
BY = "Written by `make docs` from the code; nothing here is typed in by hand."
HOW_ERRORS_LOOK = """
Every error says what was given and what is allowed; its `hint` says what to do. In Python `str(error)` is both, and
`error.sentence` and `error.hint` are the parts. On the command line they are two lines on standard error, and the exit
code is 1 (2 for a wrong command line).
""".strip()
FOR_ALL_VERBS = """
Every verb takes `--help`, which prints what stands here, and `--debug`, which shows tracebacks. `rung --version` prints
the version.
""".strip()
EVERYWHERE = {"--help", "--debug"}
WIDTH = 100
_SPECIAL = re.compile(r"[*<\[\]]|(?<!\w)_|_(?!\w)")  # what Markdown gives a meaning outside of code
EXIT_CODES = {
    0: "All went well. `rung run` and `rung resume`: at least one trial came to a good end.",
    1: "An error: a sentence on standard error says what, and a hint what to do.",
    2: "A command line that means nothing: an unknown verb or option, a missing or contradictory argument.",
    3: "`rung run` and `rung resume`: no trial succeeded. `rung bench run`: no run succeeded.",
    10: "`rung report`: the trial is to end now.",
    130: "Interrupted by Ctrl-C; the study, the benchmark or the comparison can be gone on with.",
}


def pages() -> dict[str, str]:
    """Name -> text of every generated page."""
    return {"cli.md": cli_page(), "errors.md": errors_page(), "api.md": api_page()}


def cli_page() -> str:
    """Every verb of the command line with its usage and options."""
    context = click.Context(cli.main, info_name="rung", **cli.main.context_settings)
    verbs = cli.main.list_commands(context)
    lines = ["# Command line", "", BY, "", "| verb | |", "| --- | --- |"]
    for verb in verbs:
        command = cli.main.get_command(context, verb)
        assert command is not None, "it is listed"
        lines.append(f"| [`rung {verb}`](#rung-{verb}) | {cell(command.get_short_help_str(200))} |")
    lines += ["", FOR_ALL_VERBS, ""]
    for verb in verbs:
        command = cli.main.get_command(context, verb)
        assert command is not None, "it is listed"
        lines += command_lines(command, context, f"rung {verb}", level=2)
    lines += ["## Exit codes", "", "| code | meaning |", "| ---: | --- |"]
    lines += [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    return "\n".join(lines) + "\n"


def command_lines(command: click.Command, parent: click.Context, name: str, *, level: int) -> Iterator[str]:
    """Usage, help and options of a verb, and of the verbs below it."""
    own = click.Context(command, info_name=name.rpartition(" ")[2], parent=parent, **command.context_settings)
    usage = " ".join(command.collect_usage_pieces(own))
    yield from (
        "#" * level + f" rung {name.removeprefix('rung ')}",
        "",
        "```text",
        f"{name} {usage}".rstrip(),
        "```",
        "",
    )
    yield from help_lines(command.help or "")
    options = [parameter for parameter in command.get_params(own) if isinstance(parameter, click.Option)]
    rows = [row for option in options if (row := option_row(option, own))]
    if rows:
        yield from ("| option | |", "| --- | --- |", *rows, "")
    if isinstance(command, click.Group):
        for verb in command.list_commands(own):
            below = command.get_command(own, verb)
            if below is not None:
                yield from command_lines(below, own, f"{name} {verb}", level=level + 1)


def help_lines(text: str) -> Iterator[str]:
    """Help as Markdown; what click is told to leave as it is becomes a block."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if paragraph.startswith("\b\n"):
            yield from ("```text", paragraph.removeprefix("\b\n"), "```", "")
        else:
            yield from (prose(" ".join(paragraph.split())), "")


def option_row(option: click.Option, context: click.Context) -> str | None:
    """A row of the table of options; None for what is hidden, or said once for all."""
    record = option.get_help_record(context)
    if record is None or set(option.opts) & EVERYWHERE:
        return None
    names, told = record
    return f"| `{names.replace('|', chr(92) + '|')}` | {cell(told)} |"


def errors_page() -> str:
    """Every class of error with a message that was really raised."""
    from provocations import PROVOCATIONS, message_of

    lines = ["# Errors", "", BY, "", *help_of_errors(), ""]
    for error in tree(RungError):
        parents = " and ".join(f"`{base.__name__}`" for base in error.__bases__)
        lines += [f"## {error.__name__}", "", f"A kind of {parents}. {prose(inspect.getdoc(error) or '')}", ""]
        if error in PROVOCATIONS:
            told = message_of(error, PROVOCATIONS[error])
            lines += [
                "```text",
                f"{error.__name__}: {told.sentence}",
                *([f"hint: {told.hint}"] if told.hint else []),
                "```",
                "",
            ]
    stopped = errors.TrialStopped
    lines += [f"## {stopped.__name__}", "", f"A kind of `BaseException`. {prose(inspect.getdoc(stopped) or '')}", ""]
    return "\n".join(lines).rstrip() + "\n"


def help_of_errors() -> list[str]:
    """The tree as it is drawn in the module, and how errors look."""
    _, drawing, rest = inspect.cleandoc(errors.__doc__ or "").split("\n\n", 2)
    return [
        HOW_ERRORS_LOOK,
        "",
        "```text",
        drawing,
        "```",
        "",
        *(prose(" ".join(paragraph.split())) for paragraph in rest.split("\n\n")),
        "",
        "The messages below were raised by the code when this page was written.",
    ]


def tree(error: type[RungError]) -> Iterator[type[RungError]]:
    """A class of errors and all below it, in the order of the module."""
    yield error
    for below in error.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from tree(below)


def api_page() -> str:
    """The public names with their signatures and docstrings."""
    names = sorted(rung.__all__, key=lambda name: (not name[0].isupper(), name.lower()))
    lines = ["# Python API", "", BY, "", "What `import rung` offers. Anything else may change.", ""]
    lines += [", ".join(f"[`{name}`](#{anchor})" for name, anchor in anchors(names)) + ".", ""]
    for name in names:
        lines += name_lines(f"rung.{name}", getattr(rung, name))
    return "\n".join(lines).rstrip() + "\n"


def anchors(names: list[str]) -> Iterator[tuple[str, str]]:
    """Each name with the anchor of its heading; of names that differ in capitals only, the later ones are numbered."""
    seen: dict[str, int] = {}
    for name in names:
        slug = f"rung{name.lower()}"
        seen[slug] = seen.get(slug, -1) + 1
        yield name, f"{slug}-{seen[slug]}" if seen[slug] else slug


def name_lines(name: str, value: Any) -> Iterator[str]:
    """One public name: heading, signature, docstring; for a class its methods and properties too."""
    yield from (f"## {name}", "")
    if not callable(value):
        yield from ("```text", f"{name} = {value!r}", "```", "")
        return
    yield from ("```text", signature_of(name, value), "```", "")
    yield from doc_lines(value)
    if inspect.isclass(value):
        yield from member_lines(value)


def member_lines(owner: type) -> Iterator[str]:
    """The public methods and properties of a class that have something to say."""
    for name, member in vars(owner).items():
        told = inspect.getdoc(member)
        if name.startswith("_") or not told or inspect.isclass(member):
            continue
        if isinstance(member, property):
            yield from (f"**`.{name}`** {first_words(told)}", "")
        elif isinstance(member, classmethod | staticmethod) or inspect.isfunction(member):
            function = member if inspect.isfunction(member) else member.__func__
            yield from ("```text", signature_of(f".{name}", function, is_method=True), "```", "")
            yield from doc_lines(member)


def signature_of(name: str, value: Callable[..., Any], *, is_method: bool = False) -> str:
    """How it is called, one parameter to a line where one line is too long."""
    try:
        signature = inspect.signature(value)
    except ValueError:
        return f"{name}(…)"
    empty = inspect.Parameter.empty
    parameters = [
        parameter.replace(annotation=empty if parameter.annotation is empty else Written(parameter.annotation))
        for parameter in list(signature.parameters.values())[1 if is_method else 0 :]
    ]
    returned = empty if inspect.isclass(value) else signature.return_annotation
    gives = "" if returned is empty else f" -> {Written(returned)!r}"
    one_line = str(inspect.Signature(parameters))
    if len(name + one_line + gives) <= WIDTH:
        return name + one_line + gives
    return "\n".join([f"{name}(", *(f"    {line}," for line in parameter_lines(parameters)), f"){gives}"])


def parameter_lines(parameters: list[inspect.Parameter]) -> Iterator[str]:
    """Each parameter as it is written, with the ``*`` and ``/`` that stand between them."""
    kinds = inspect.Parameter
    is_starred = False
    for index, parameter in enumerate(parameters):
        if parameter.kind is kinds.KEYWORD_ONLY and not is_starred:
            yield "*"
        is_starred = is_starred or parameter.kind in {kinds.KEYWORD_ONLY, kinds.VAR_POSITIONAL}
        yield str(parameter)
        following = parameters[index + 1].kind if index + 1 < len(parameters) else None
        if parameter.kind is kinds.POSITIONAL_ONLY and following is not kinds.POSITIONAL_ONLY:
            yield "/"


class Written:
    """An annotation that is shown as it is written in the source."""

    def __init__(self, annotation: object) -> None:
        self.text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)

    def __repr__(self) -> str:
        return self.text


def doc_lines(value: Any) -> Iterator[str]:
    """A docstring as Markdown paragraphs and lists."""
    for paragraph in (inspect.getdoc(value) or "").split("\n\n"):
        parts = re.split(r"^- ", paragraph, flags=re.MULTILINE)
        if parts[0].strip():
            yield from (prose(" ".join(parts[0].split())), "")
        if len(parts) > 1:
            yield from (*(f"- {prose(' '.join(part.split()))}" for part in parts[1:]), "")


def first_words(text: str) -> str:
    """The first paragraph of a docstring, on one line."""
    return prose(" ".join(text.partition("\n\n")[0].split()))


def prose(text: str) -> str:
    """Text of a docstring as Markdown: code in single backticks, and outside of code nothing that has a meaning."""
    parts = re.split(r"(``.+?``|`[^`]+`)", text)
    return "".join(f"`{part.strip('`')}`" if part.startswith("`") else _SPECIAL.sub(r"\\\g<0>", part) for part in parts)


def cell(text: str) -> str:
    """Text for the cell of a table."""
    return prose(" ".join(text.split())).replace("|", "\\|")


def main() -> int:
    """Write the pages; with ``--check`` only say which ones are out of date."""
    stale = [name for name, text in pages().items() if not is_same(FOLDER / name, text)]
    if "--check" in sys.argv[1:]:
        for name in stale:
            print(f"docs/{name} is out of date: run `make docs`")  # noqa: T201
        return len(stale)
    for name, text in pages().items():
        (FOLDER / name).write_text(text)
    return 0


def is_same(path: Path, text: str) -> bool:
    """Whether the file has this text."""
    return path.exists() and path.read_text() == text


if __name__ == "__main__":
    sys.exit(main())
