from rung.integrations.hyperopt import rand
from rung.space import Float, Space


def test_it_is_random_search():
    assert rand.suggest(Space({"x": Float(0, 1)})).spec() == {"name": "random"}
