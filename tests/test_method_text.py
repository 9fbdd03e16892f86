from __future__ import annotations

from typing import Any

import pytest

from rung.errors import SettingError
from rung.method_text import outside_parentheses, read_part


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("tpe", {"name": "tpe"}),
        (" asha ( max_t = 27 , variant=promotion ) ", {"name": "asha", "max_t": 27, "variant": "promotion"}),
        ("zoom(inner=grid(points=7))", {"name": "zoom", "inner": "grid(points=7)"}),
        ('random(points_to_evaluate=[{"x": 1, "y": 2}])', {"name": "random", "points_to_evaluate": [{"x": 1, "y": 2}]}),
        ("tpe()", {"name": "tpe"}),
        ("my_package.search:Mine(deep=true)", {"name": "my_package.search:Mine", "deep": True}),
    ],
)
def test_a_name_and_its_options(text: str, form: dict[str, Any]) -> None:
    assert read_part(text, text) == form


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"The method 'asha\+' can't be read at ''"),
        ("tpe(", r"can't be read at 'tpe\('"),
        ("tpe(gamma)", "has the option 'gamma' without a value"),
        ("asha(searcher=tpe)", "has an option 'searcher', which is no option"),
    ],
)
def test_what_can_not_be_read(text: str, words: str) -> None:
    with pytest.raises(SettingError, match=words):
        read_part(text, f"asha+{text}")


def test_separators_in_brackets_separate_nothing() -> None:
    assert outside_parentheses("a(1,2),b[3,{4,5}],,c", ",") == ["a(1,2)", "b[3,{4,5}]", "", "c"]
