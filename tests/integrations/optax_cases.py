"""What test_optax.py runs in a process of its own: JAX has threads, so nothing else should be forked beside it."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from rung import schedules
from rung.integrations.optax import as_schedule
from rung.schedules import Schedule, constant, cosine, exponential, linear, polynomial, warmup

RATE = 0.3 * warmup(10).then(cosine(90, end=0.1))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (0.3 * constant(), optax.constant_schedule(0.3)),
        (0.3 * cosine(100, end=0.1), optax.cosine_decay_schedule(0.3, 100, alpha=0.1)),
        (RATE, optax.warmup_cosine_decay_schedule(0.0, 0.3, 10, 100, 0.03)),
        (0.3 * linear(100, end=0.2), optax.linear_schedule(0.3, 0.06, 100)),
        (0.3 * polynomial(100, power=2.5, end=0.1), optax.polynomial_schedule(0.3, 0.03, 2.5, 100)),
        (0.3 * exponential(0.5, every=20).until(200), optax.exponential_decay(0.3, 20, 0.5)),
        (0.3 * exponential(0.5, every=20, floor=0.1), optax.exponential_decay(0.3, 20, 0.5, end_value=0.03)),
        (0.3 * schedules.factor(0.5, every=20).until(200), optax.exponential_decay(0.3, 20, 0.5, staircase=True)),
        (0.3 * schedules.multi_factor([15, 30], 0.5), optax.piecewise_constant_schedule(0.3, {15: 0.5, 30: 0.5})),
        (
            0.3 * schedules.repeat(warmup(5).then(cosine(20)), 3),
            optax.sgdr_schedule(
                [{"init_value": 0.0, "peak_value": 0.3, "decay_steps": 25, "warmup_steps": 5, "end_value": 0.0}] * 3
            ),
        ),
    ],
    ids=[
        *("constant", "cosine", "warmup", "linear", "polynomial"),
        *("exponential", "floor", "staircase", "piecewise", "sgdr"),
    ],
)
def test_the_rates_are_those_of_optax(ours: Schedule, theirs: Any) -> None:
    counts = jnp.arange(130)
    rates = as_schedule(ours)(counts)
    assert rates.dtype == jnp.float32
    assert np.abs(np.asarray(rates) - np.asarray(jax.vmap(theirs)(counts))).max() <= 5e-8


def test_compiled_and_mapped_it_is_the_same() -> None:
    rate = as_schedule(RATE)
    expected = RATE(range(130)).astype(np.float32)
    assert jax.vmap(jax.jit(rate))(jnp.arange(130)).tolist() == expected.tolist()
    assert rate(jnp.arange(130).reshape(2, 65)).tolist() == expected.reshape(2, 65).tolist()
    assert float(rate(7)) == float(rate(np.int64(7))) == float(rate(7.0)) == expected[7]
    assert float(rate(10**9)) == expected[-1]


def test_it_trains() -> None:
    """By the rule of gradient descent, in a compiled step."""
    optimizer = optax.sgd(as_schedule(RATE))
    weights = jnp.ones(3)
    state = optimizer.init(weights)

    @jax.jit
    def step(weights: Any, state: Any) -> Any:
        updates, state = optimizer.update(weights, state)  # the gradient of |weights|² / 2
        return optax.apply_updates(weights, updates), state

    expected = 1.0
    for t in range(20):
        weights, state = step(weights, state)
        expected *= 1 - RATE(t)
    assert weights.tolist() == pytest.approx([expected] * 3, rel=1e-5)


def test_factors_scale_where_one_says_so() -> None:
    factors = as_schedule(1.0 * cosine(10))
    scale = optax.scale_by_schedule(factors)
    updates, _ = scale.update(jnp.ones(2), scale.init(jnp.ones(2))._replace(count=jnp.asarray(5)))
    assert updates.tolist() == pytest.approx([0.5, 0.5])


def test_double_precision_where_jax_has_it() -> None:
    with jax.enable_x64(True):
        rates = as_schedule(RATE)(jnp.arange(100))
        assert rates.tolist() == RATE(range(100)).tolist()
