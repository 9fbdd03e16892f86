from typing import ClassVar

import pytest
from peer_suite import PeerSuite

from rung.benchmarks.peers import syne_tune as peer

pytest.importorskip("syne_tune")


class TestSyneTune(PeerSuite):
    peer = peer
    imports = "syne_tune"
    fewer: ClassVar = {"botorch": 6, "bore": 8, "asha+bore": 8}
    blind = frozenset({"random", "asha", "median+random", "rea"})
