import pytest
from scipy import stats

from rung.integrations.d2l.parts import BasicScheduler, HPOScheduler, HPOSearcher, RandomSearcher

SPACE = {"learning_rate": stats.loguniform(1e-2, 1), "batch_size": stats.randint(32, 256)}


def test_random_search_begins_with_the_initial_configuration():
    first = {"learning_rate": 0.1, "batch_size": 128}
    searcher = RandomSearcher(SPACE, initial_config=first)
    scheduler = BasicScheduler(searcher=searcher)
    assert scheduler.suggest() == first
    configs = [scheduler.suggest() for _ in range(50)]
    assert all(config.keys() == SPACE.keys() for config in configs)
    assert all(0.01 <= config["learning_rate"] <= 1 and 32 <= config["batch_size"] < 256 for config in configs)
    assert len({config["learning_rate"] for config in configs}) == 50
    assert scheduler.update(first, 0.5) is None


def test_the_scheduler_tells_its_searcher():
    told = []

    class Noting(HPOSearcher):
        def update(self, config, error, additional_info=None):
            told.append((config, error, additional_info))

    BasicScheduler(Noting()).update({"x": 1}, 0.5, info="why")
    assert told == [({"x": 1}, 0.5, "why")]


def test_base_classes_say_what_is_missing():
    with pytest.raises(NotImplementedError, match=r"HPOSearcher has no sample_configuration\(\)"):
        HPOSearcher().sample_configuration()
    assert HPOSearcher().update({}, 1.0) is None
    with pytest.raises(NotImplementedError, match=r"HPOScheduler has no suggest\(\)"):
        HPOScheduler().suggest()
    with pytest.raises(NotImplementedError, match=r"HPOScheduler has no update\(\)"):
        HPOScheduler().update({}, 1.0)
