"""What is known of problems that are really trained.

Made by ``python benches/problem_references.py --data DIR``: 60 random configurations, with scikit-learn 1.9.1 and torch
2.13.0 for the processor. Other versions and machines give slightly different values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

REFERENCES: Final[Mapping[str, tuple[float, float]]] = {
    "svm": (0.019329296693060095, 0.04395280235988201),
    "forest": (0.027824151363383415, 0.07651641624930441),
    "boosting": (3048.914478234131, 3593.444373663161),
    "mlp:digits": (0.006968641114982578, 0.12020905923344948),
    "lenet:digits": (0.003484320557491289, 0.10104529616724739),
    "mlp:fashion-mnist": (0.14, 0.26775),
    "lenet:fashion-mnist": (0.1355, 0.2445),
}
"""Name -> the best value at any step, and the median at the last one."""
