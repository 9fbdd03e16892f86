from typing import ClassVar

import pytest
from peer_suite import PeerSuite

from rung.benchmarks.peers import optuna as peer

pytest.importorskip("optuna")


class TestOptuna(PeerSuite):
    peer = peer
    imports = "optuna"
    fewer: ClassVar = {"gp": 13}
    blind = frozenset({"random", "qmc", "asha+random", "median+random"})
