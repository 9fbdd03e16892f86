import pytest
from peer_suite import PeerSuite

from rung.benchmarks.peers import hyperopt as peer

pytest.importorskip("hyperopt")


class TestHyperopt(PeerSuite):
    peer = peer
    imports = "hyperopt"
