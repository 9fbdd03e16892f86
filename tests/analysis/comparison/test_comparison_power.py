import numpy as np
import pytest
from scipy import stats

from rung.analysis.comparison.power import FEWEST, Seeds, further_seeds, power_of


def new_rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def standard(n: int) -> np.ndarray:
    """Values with mean 0 and variance 1, distributed as evenly as normal ones can be."""
    values = stats.norm.ppf((np.arange(n) + 0.5) / n)
    return values / values.std()


def power_of_t_test(effect: float, n: int) -> float:
    """By the noncentral t distribution: the textbook's formula."""
    critical = stats.t.ppf(0.975, n - 1)
    shift = effect * np.sqrt(n)
    return float(stats.nct.sf(critical, n - 1, shift) + stats.nct.cdf(-critical, n - 1, shift))


@pytest.mark.parametrize(("effect", "n"), [(0.5, 20), (0.5, 34), (1.0, 8), (0.2, 50)])
def test_the_power_is_that_of_a_t_test_on_such_differences(effect, n):
    found = power_of([standard(400) + effect], n, rng=new_rng(), n_resamples=8000)
    assert found == pytest.approx(power_of_t_test(effect, n), abs=0.03)


def test_two_problems_with_the_same_differences_count_as_twice_the_seeds():
    differences = standard(400) + 0.4
    one = power_of([differences], 40, rng=new_rng(), n_resamples=8000)
    two = power_of([differences, differences], 20, rng=new_rng(), n_resamples=8000)
    assert two == pytest.approx(one, abs=0.03)


def test_how_many_more_seeds_it_takes():
    needed = next(n for n in range(2, 99) if power_of_t_test(0.5, n) >= 0.8)
    assert needed == 34
    assert further_seeds([standard(20) + 0.5], rng=new_rng()).further == pytest.approx(34 - 20, abs=3)


def test_none_are_needed_when_there_are_enough():
    assert further_seeds([standard(20) + 2], rng=new_rng()) == Seeds(0)
    assert further_seeds([np.full(6, 0.1)], rng=new_rng()) == Seeds(0)


def test_the_same_generator_gives_the_same_answer():
    differences = [standard(20) + 0.3]
    assert further_seeds(differences, rng=new_rng(1)) == further_seeds(differences, rng=new_rng(1))


@pytest.mark.parametrize(
    ("differences", "reason"),
    [
        ([[0.1] * (FEWEST - 1)], "too few to guess"),
        ([[0.1] * 20, [0.1]], "too few to guess"),
        ([], "too few to guess"),
        ([[0.0] * 20], "all runs came out equal"),
        ([standard(20)], "small against its spread"),
    ],
)
def test_it_says_so_when_it_cannot_be_told(differences, reason):
    found = further_seeds(differences, rng=new_rng())
    assert found.further is None
    assert reason in found.reason


def test_fewer_seeds_are_needed_for_less_power():
    differences = [standard(20) + 0.3]
    assert (
        further_seeds(differences, rng=new_rng(), power=0.5).further < further_seeds(differences, rng=new_rng()).further
    )
