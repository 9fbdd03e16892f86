import statistics

import pytest
from peer_suite import CONDITIONAL, PeerSuite, best_losses, sampled, task
from scipy import stats

from rung.benchmarks.peers import hyperopt as peer
from rung.space import Int, Space

hyperopt = pytest.importorskip("hyperopt")


class TestHyperopt(PeerSuite):
    peer = peer
    imports = "hyperopt"


@pytest.mark.parametrize("algorithm", ["tpe", "anneal"])
def test_models_beat_random_search(algorithm):
    model, at_random = (
        statistics.median(best_losses(peer, each, n_trials=40, seeds=5)) for each in (algorithm, "random")
    )
    assert model < at_random / 2


def test_the_ends_of_integers_have_their_full_share():
    space = Space({"n": Int(0, 2), "log": Int(1, 4, log=True)})
    made = peer.ALGORITHMS["random"](task(space))
    configs = [made.ask().config for _ in range(900)]
    n = [sum(config["n"] == value for config in configs) for value in (0, 1, 2)]
    assert stats.chisquare(n).pvalue > 1e-3
    shares = [
        len([u for u in range(9000) if space["log"].from_unit((u + 0.5) / 9000) == value]) for value in (1, 2, 3, 4)
    ]
    log = [sum(config["log"] == value for config in configs) for value in (1, 2, 3, 4)]
    assert stats.chisquare(log, [share / 10 for share in shares]).pvalue > 1e-3


@pytest.fixture
def documents(monkeypatch):
    """What hyperopt keeps of each trial, by number."""
    kept = []

    class Kept(hyperopt.Trials):
        def refresh(self):
            super().refresh()
            kept[:] = self.trials

    monkeypatch.setattr(hyperopt, "Trials", Kept)
    return kept


def test_conditions_are_hyperopts_own_where_it_has_a_word_for_them(documents):
    points = sampled(CONDITIONAL, 20)
    made = peer.ALGORITHMS["tpe"](task(CONDITIONAL, points))
    asked = [made.ask() for _ in range(60)]
    own = {"momentum": ["sgd"], "beta": ["adam", "lion"]}
    for document, (key, config) in zip(documents, asked, strict=True):
        assert document["tid"] == key
        active = {name for name, values in document["misc"]["vals"].items() if values}
        always = {"nesterov", "optimizer", "rounds", "decay", "both"}
        assert active == always | {name for name, kinds in own.items() if config["optimizer"] in kinds}
        assert {name: bool(places) for name, places in document["misc"]["idxs"].items()} == {
            name: name in active for name in document["misc"]["vals"]
        }
    assert documents[0]["misc"]["vals"].keys() == documents[-1]["misc"]["vals"].keys()


def test_results_stand_in_the_documents(documents):
    made = peer.ALGORITHMS["tpe"](task(CONDITIONAL))
    done, failed, running = (made.ask().key for _ in range(3))
    made.tell(done, 0.25, is_stopped=False)
    made.tell(failed, None, is_stopped=False)
    assert documents[done]["result"] == {"status": "ok", "loss": 0.25}
    assert documents[failed]["result"] == {"status": "fail"}
    assert [documents[key]["state"] for key in (done, failed, running)] == [2, 2, 0]
