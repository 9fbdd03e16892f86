import subprocess
import sys

import pytest

from rung.errors import MissingExtraError
from rung.integrations import d2l


def test_every_name_resolves_and_is_listed():
    assert sorted(d2l.__all__) == sorted(d2l._HOME_OF) == sorted(dir(d2l))
    for name in d2l.__all__:
        assert getattr(d2l, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'ResNet'"):
        d2l.ResNet  # noqa: B018


def test_torch_is_imported_only_when_it_is_needed():
    code = (
        "import sys\n"
        "from rung.integrations import d2l\n"
        "d2l.RandomSearcher, d2l.HPOTuner, d2l.ProgressBoard, d2l.as_scheduler\n"
        "assert 'torch' not in sys.modules and 'matplotlib' not in sys.modules\n"
        "sys.modules['torch'] = None\n"
        "try:\n    d2l.LeNet\nexcept ImportError as error:\n    print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "MissingExtraError d2l.LeNet needs an optional package. pip install 'rung[torch]'\n"


def test_another_missing_module_is_not_taken_for_torch(monkeypatch):
    monkeypatch.delitem(d2l.__dict__, "LeNet", raising=False)
    for module in ("models", "modules", "board"):
        monkeypatch.delitem(sys.modules, f"rung.integrations.d2l.{module}", raising=False)
    monkeypatch.setitem(sys.modules, "rung.integrations.d2l.board", None)
    with pytest.raises(ModuleNotFoundError, match="board") as caught:
        d2l.LeNet  # noqa: B018
    assert not isinstance(caught.value, MissingExtraError)
