import warnings
from collections.abc import Iterator
from typing import ClassVar

import pytest
from peer_suite import PeerSuite

from rung.benchmarks.peers import ax as peer

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what it imports under an old name
    pytest.importorskip("ax.api.client")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The matrices are too small for more, and the cores are shared with other tests."""
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(before)


class TestAx(PeerSuite):
    peer = peer
    imports = "ax"
    n_trials = 12
    fewer: ClassVar = {"default": 7}
    blind = frozenset({"sobol"})
