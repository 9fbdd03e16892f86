"""What people call a study: the project it belongs to, what it is about, its tags."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from rung.errors import SettingError
from rung.events import Event, Noted, StudyCreated, Tagged

if TYPE_CHECKING:
    from rung.rows import StudyRow


_TAG = re.compile(r"[^\s,\"'=<>]+")
TAGS_ARE = "A tag is one word without quotes, commas or = < >."


class Labels(Struct, frozen=True, kw_only=True):
    """Given when a study begins. On one that exists the project must be its own, and the rest adds to what it has."""

    project: str = ""
    message: str = ""
    tags: tuple[str, ...] = ()

    def check_project(self, stored: StudyCreated) -> None:
        """SettingError when the stored study belongs to another project."""
        if self.project and self.project != stored.project:
            there = f"to the project {stored.project!r}" if stored.project else "to no project"
            raise SettingError(
                f"the study {stored.study!r} belongs {there}, not to {self.project!r}.",
                hint="Leave the project out to go on with it, or begin a study of another name. Nothing was run.",
            )

    def additions(self, study: StudyRow, at: float) -> list[Event]:
        """The events that add to a study what it doesn't have yet."""
        events: list[Event] = []
        if self.message and self.message not in {study.message, *(note.text for note in study.notes)}:
            events.append(Noted(at=at, text=self.message, unix=time.time()))
        if added := tuple(tag for tag in self.tags if tag not in study.tags):
            events.append(Tagged(at=at, added=added))
        return events


def is_tag(given: object) -> bool:
    """Whether this can be a tag: ``--where`` must be able to ask for it."""
    return isinstance(given, str) and _TAG.fullmatch(given) is not None


def checked_labels(project: str | None, message: str, tags: Sequence[str]) -> Labels:
    """SettingError when these are no labels."""
    if project is not None and (not isinstance(project, str) or not project.strip()):
        raise SettingError(f"project={project!r} is not a name.", hint="Give a text such as 'vision', or leave it out.")
    if not isinstance(message, str):
        raise SettingError(f"message={message!r} is not a text.")
    if isinstance(tags, str):
        raise SettingError(f"tags={tags!r} are not tags.", hint="Give a list of texts: tags=['vision', 'todo'].")
    for tag in tags:
        if not is_tag(tag):
            raise SettingError(f"{tag!r} can't be a tag.", hint=TAGS_ARE)
    return Labels(project=project or "", message=message, tags=tuple(dict.fromkeys(tags)))
