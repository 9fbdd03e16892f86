"""The house rules: layers, sizes, names, what loads when. Exceptions stand here, each with its reason."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "rung"
MODULES = sorted(path for path in SOURCE.rglob("*.py"))

# Each layer may import itself and those before it.
LAYERS: list[set[str]] = [
    {"types", "errors", "checks", "events", "commands", "places", "rows", "durations", "method_text"},
    {"contracts"},
    {"ledger", "registry", "stopping"},
    {"space"},
    {"history", "schedules"},
    {"searchers"},
    {"schedulers"},
    {"runtime", "_trial"},
    {"backends", "store"},
    {"bookkeeping", "provenance", "columns", "matching", "origins", "filters", "analysis"},
    {"tuning"},
    {"study", "tuner", "console", "interchange"}
    | {"_compare", "_forecast", "_scheduling", "_lr_range_test", "_repeat", "_replay", "_tune"},
    {"integrations", "benchmarks"},
    {"testing"},
    {"cli"},
]
# What a contract names is no dependency: contracts.py imports types of later layers for the type checker only, and
# __init__.py resolves the public names lazily.
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40
MAX_CLASS_LINES = 150
MAX_METHODS = 12
SIZE_EXCEPTIONS = {
    "events": "the whole vocabulary of the log on one page",
    "history.History": "its columns are properties",
    "tuning.inbox.Inbox": "one small method per kind of command",
    "integrations.hyperopt._trials.Trials": "its methods are those of hyperopt's class",
    "study": "one line of code for each method, and what it gives",
    "study.Study": "the public face of reading; each method hands on to a function elsewhere",
    "tuner.Tuner": "the public face: run, ask, tell, and the bookkeeping under the names that the field uses",
}


def part_of(path: Path) -> str:
    relative = path.relative_to(SOURCE)
    return relative.parts[0].removesuffix(".py")


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts)


def layer_of(part: str) -> int:
    found = [index for index, layer in enumerate(LAYERS) if part in layer]
    assert found, f"{part} is in no layer: add it to LAYERS"
    return found[0]


def is_type_checking(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imported_parts(path: Path) -> set[str]:
    """The parts of rung that a module imports when it runs, inside functions too."""
    parts: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.stmt) and is_type_checking(node):
            return
        if isinstance(node, ast.Import):
            parts.update(alias.name.split(".")[1] for alias in node.names if alias.name.startswith("rung."))
        if isinstance(node, ast.ImportFrom) and node.module == "rung":
            parts.update(alias.name for alias in node.names if (SOURCE / f"{alias.name}.py").exists())
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("rung."):
            parts.add(node.module.split(".")[1])
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text()))
    return parts


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_downwards_only(path: Path) -> None:
    part = part_of(path)
    if part == "__init__":
        return
    own = layer_of(part)
    above = {other for other in imported_parts(path) if layer_of(other) > own}
    assert not above, f"{name_of(path)} is in layer {own} and imports {sorted(above)} from layers above it"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_sizes(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= MAX_FILE_LINES or name_of(path) in SIZE_EXCEPTIONS, "a file is one idea"
    too_big = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and body_lines(node) > MAX_FUNCTION_LINES:
            too_big.append(f"{node.name}: {body_lines(node)} lines")
        if isinstance(node, ast.ClassDef) and f"{name_of(path)}.{node.name}" not in SIZE_EXCEPTIONS:
            methods = sum(isinstance(child, ast.FunctionDef) for child in node.body)
            lines = (node.end_lineno or 0) - node.lineno + 1
            if methods > MAX_METHODS or lines > MAX_CLASS_LINES:
                too_big.append(f"{node.name}: {methods} methods, {lines} lines")
    assert not too_big


def body_lines(node: ast.FunctionDef) -> int:
    body = node.body
    if (
        isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
        and isinstance(body[0].value.value, str)
    ):
        body = body[1:]
    if not body:
        return 0
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_sorted_all(path: Path) -> None:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            names = ast.literal_eval(node.value)
            assert names == sorted(set(names), key=lambda name: (not name.isupper(), name[0].islower(), name)) or (
                names == sorted(set(names))
            )


def test_public_names_resolve_and_are_all_listed() -> None:
    import rung

    assert sorted(rung.__all__) == sorted(rung._HOME_OF)
    for name in rung.__all__:
        assert getattr(rung, name) is not None
    checked = {
        alias.asname or alias.name
        for node in ast.parse((SOURCE / "__init__.py").read_text()).body
        if is_type_checking(node)
        for part in node.body
        for alias in part.names
    }
    assert checked == set(rung.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        rung.nonsense  # noqa: B018


def modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_rung_loads_nothing_heavy() -> None:
    loaded = modules_after("import rung")
    assert not loaded & {"numpy", "scipy", "torch", "msgspec", "sqlite3", "rich", "click", "matplotlib"}


def test_importing_modules_is_free_of_side_effects() -> None:
    for path in MODULES:
        name = name_of(path).removesuffix(".__init__")
        if name not in {"__init__", "__main__"} and not name.endswith("__main__"):
            importlib.import_module(f"rung.{name}" if name else "rung")


BANNED_CALLS = {"np.random.seed", "numpy.random.seed", "np.random.rand", "torch.manual_seed", "random.seed"}
SEEDING_EXCEPTIONS = {
    "backends._child": "a trial's own process: seeding the user's global generators there makes trials repeatable",
}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_global_randomness(path: Path) -> None:
    calls = {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}
    if name_of(path) not in SEEDING_EXCEPTIONS:
        assert not calls & BANNED_CALLS


UNPICKLING = {
    "pickle.loads",
    "pickle.load",
    "dill.loads",
    "cloudpickle.loads",
    "cloudpickle.load",
    "torch.load",
    "eval",
    "exec",
}
UNPICKLING_EXCEPTIONS = {
    "runtime.objective": "functions travel to the processes of the same run by cloudpickle, over a pipe, never stored",
}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_stored_is_executed(path: Path) -> None:
    calls = {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}
    if name_of(path) not in UNPICKLING_EXCEPTIONS:
        assert not calls & UNPICKLING


ENVIRONMENT_EXCEPTIONS = {
    "_trial": "a script learns from its environment that rung runs it",
    "runtime.wire": "and where its tuner is",
    "integrations.d2l.datasets": "the book's listing has no argument for a folder",
    "backends._forkserver": "the number of threads must be in the environment before NumPy or torch is imported",
    "backends.resources": "clusters say there which GPUs a process may use",
    "backends._server": "processes are started with the environment of their tuner and what is added to it",
}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_the_environment_is_read_by_the_command_line_only(path: Path) -> None:
    if part_of(path) == "cli" or name_of(path) in ENVIRONMENT_EXCEPTIONS:
        return
    reads = {ast.unparse(node) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
    assert not reads & {"os.environ", "os.getenv"}


# Private modules are tested through the public ones beside them, though most have tests of their own.
TESTED_ELSEWHERE = {
    "contracts": "Protocols: the conformance suites are their tests",
    "benchmarks.method": "plain values: tests/benchmarks/test_methods.py",
    "benchmarks.peers.peer": "a Protocol: tests/benchmarks/peers/peer_suite.py",
    "commands": "plain values: tests/store/test_codec.py and tests/tuning/test_inbox.py",
    "events": "plain values: tests/store/test_codec.py and tests/test_ledger.py",
    "testing.curve_script": "what the suites run",
    "testing.objectives": "what the suites run",
    "testing.spaces": "what the suites run",
    "testing.torch_objectives": "what the suites run",
}


def test_every_public_module_has_its_test() -> None:
    missing = [name_of(path) for path in MODULES if not path.name.startswith("_") and not has_test(path)]
    assert set(missing) == set(TESTED_ELSEWHERE)


def has_test(path: Path) -> bool:
    relative = path.relative_to(SOURCE)
    folder = ROOT / "tests" / relative.parent
    return any((folder / f"test_{name}{relative.stem}.py").exists() for name in ("", f"{relative.parent.name}_"))
