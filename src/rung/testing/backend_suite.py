"""What every backend has to do, as tests: subclass ``BackendSuite`` in a test module and say how to make one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rung.contracts import Backend
from rung.errors import ObjectiveError
from rung.runtime.objective import Kind, as_objective
from rung.testing._backend_decisions import DECISIONS
from rung.testing._backend_faults import FAULTS, Fault
from rung.testing._backend_lives import LIVES
from rung.testing._backend_proofs import PROOFS
from rung.testing._driver import Stage, same


class BackendSuite:
    """The conformance suite of backends.

    kinds: the kinds of objective that the backend runs: all, or all but scripts.
    patience_s: real seconds after which a run that has not ended counts as hanging.
    """

    kinds: frozenset[Kind] = frozenset({Kind.FUNCTION, Kind.TRIAL, Kind.GENERATOR})
    patience_s: float = 60.0

    def make(self) -> Backend:
        """A fresh backend; the suite opens and closes it."""
        raise NotImplementedError

    @pytest.fixture
    def stage(self, tmp_path: Path) -> Iterator[Stage]:
        """Where backends are driven."""
        stage = Stage(self.make, tmp_path, patience_s=self.patience_s)
        yield stage
        stage.close()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Only the kinds that the backend runs, so that nothing is skipped."""
        if "kind" in metafunc.fixturenames:
            metafunc.parametrize("kind", sorted(self.kinds))

    @pytest.mark.parametrize("decision", DECISIONS, ids=lambda decision: decision.__name__)
    def test_protocol(self, stage: Stage, decision: Callable[[Stage, Kind], None], kind: Kind) -> None:
        """Every kind of objective under every decision."""
        decision(stage, kind)

    @pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.objective.__name__)
    def test_fault(self, stage: Stage, fault: Fault) -> None:
        """Whatever an objective does, its run ends in the right way and with the right words."""
        driver = stage.driver(fault.objective)
        driver.start()
        driver.finish()
        exited = driver.exit()
        assert (exited.outcome, exited.reason) == (fault.outcome, fault.reason), f"it ended like this: {exited}"
        for part in fault.says:
            assert part in exited.message, f"{part!r} is not in {exited.message!r}"
        assert "execute.py" not in exited.message, f"frames of rung are in {exited.message!r}"
        same(repr(driver.curve()), repr(dict(fault.curve)))  # NaN does not equal itself

    @pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
    def test_life(self, stage: Stage, life: Callable[[Stage], None]) -> None:
        """Runs begin and end as the contract says."""
        life(stage)

    @pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.__name__)
    def test_torch(self, stage: Stage, proof: Callable[[Stage], None]) -> None:
        """Real trainings are continued exactly."""
        pytest.importorskip("torch", reason="torch is not installed")
        proof(stage)

    def test_scripts_are_run_or_refused(self, tmp_path: Path) -> None:
        """A backend that can't run scripts says so before anything is started."""
        backend = self.make()
        try:
            if Kind.SCRIPT in self.kinds:
                backend.open("suite", as_objective(["true"]), tmp_path)
            else:
                with pytest.raises(ObjectiveError, match="script"):
                    backend.open("suite", as_objective(["true"]), tmp_path)
        finally:
            backend.close()
