"""What the numbers of a report mean, and where they come from."""

from __future__ import annotations

from typing import Final

import msgspec

from rung.analysis.comparison.power import POWER
from rung.analysis.comparison.report._blocks import Definition, Definitions
from rung.analysis.comparison.result import Comparison

ANCHOR: Final = "numbers"
"""Of the section of definitions."""


def definitions(comparison: Comparison) -> Definitions:
    """Every word of the report that needs one."""
    confidence, power = f"{100 * comparison.confidence:g} %", f"{100 * POWER:g} %"
    return Definitions(
        tuple(
            msgspec.structs.replace(
                each, meaning=each.meaning.format(percent=confidence, power=power, alpha=f"{comparison.alpha:g}")
            )
            for each in _DEFINITIONS
        )
    )


_DEFINITIONS: Final = (
    Definition(
        "Any-time curve",
        "any-time",
        "The best value so far. Each run keeps it until the next better one, and after its end. The line is "
        "the median of the runs, the band reaches from their lower to their upper quartile.",
    ),
    Definition(
        "Median and mean",
        "final",
        "Of the final values of all runs, in the metric's own direction. The {percent} interval of the mean "
        "is a BCa bootstrap over seeds. A run without any value counts as just worse than the worst on its "
        "problem.",
        "Efron 1987",
    ),
    Definition(
        "Normalised regret",
        "regret",
        "How far a value is from the best: 0 at the best known value, 1 at the median of random "
        "configurations; where they are unknown, the best value of all runs and the median of their first "
        "values. Lower is better.",
    ),
    Definition(
        "Mean regret",
        "mean-regret",
        "Mean normalised regret at the end, each problem with the same weight. Its {percent} interval is a "
        "bootstrap that draws problems and their seeds anew, so it speaks of problems like these. Along the "
        "curve only seeds are drawn, so that band speaks of these problems.",
        "Davison and Hinkley 1997, section 3.8",
    ),
    Definition(
        "Interquartile mean",
        "iqm",
        "Mean of the middle half of all final regrets; one failed run hardly moves it. Its {percent} interval "
        "draws seeds anew within each problem.",
        "Agarwal et al. 2021",
    ),
    Definition(
        "Average rank",
        "rank",
        "Methods are ranked on each problem and seed, 1 being the best and ties sharing theirs; the ranks are "
        "averaged with the same weight for each problem.",
        "Demšar 2006",
    ),
    Definition(
        "Critical difference",
        "critical-difference",
        "By how much two average ranks must differ to be told apart, if the Friedman test says that any "
        "methods differ. Here ranks are over problems, by mean regret; over seeds where there is one problem. "
        "A bar joins methods that are not told apart.",
        "Demšar 2006, section 3.2.2; Nemenyi 1963; Iman and Davenport 1980",
    ),
    Definition(
        "Wins–ties–losses",
        "wins",
        "Over pairs of runs with the same problem and seed: how often the first method ended better, equal, or worse.",
    ),
    Definition(
        "Difference",
        "difference",
        "Of mean regret, first minus second: below 0 the first is better. Its {percent} interval draws seeds "
        "anew on these problems. It is not corrected for the number of pairs. Where there are several "
        "problems, a second interval draws them anew too, so it speaks of problems like these.",
        "Davison and Hinkley 1997, section 3.8",
    ),
    Definition(
        "p Holm",
        "p",
        "Two-sided p value of Wilcoxon's signed-rank test over pairs of runs with the same problem and seed; for all "
        "problems together, of their normalised regrets. Over problems: of the problems' mean regrets, so that it "
        "speaks of problems like these. Corrected after Holm for all pairs of methods; below {alpha} it is sure.",
        "Demšar 2006, section 3.1.3; Holm 1979",
    ),
    Definition(
        "Told apart",
        "apart",
        "Whether one method is really better on these problems: the interval of the difference leaves out 0, and "
        "p Holm is below {alpha} with the same method ahead. The interval speaks of the mean and the test of ranks, so "
        "neither a few large differences nor many small ones suffice.",
    ),
    Definition(
        "Probability of improvement",
        "improvement",
        "How often a run of the first method is better than a run of the second, averaged over problems.",
        "Agarwal et al. 2021",
    ),
    Definition(
        "Further seeds",
        "seeds",
        "The least number of further seeds per problem at which {power} of resamples have an interval of the "
        "difference without 0, if the difference is as it was seen, and at which the test can agree. 0 where the "
        "pair is told apart.",
        "Efron and Tibshirani 1993, chapter 25",
    ),
    Definition(
        "Time to target",
        "target",
        "How much the middle run had spent when it reached the target, which is the median final value of all "
        "runs on the problem, and how many runs reached it.",
    ),
    Definition(
        "Overhead",
        "overhead",
        "Seconds that a method itself takes to decide what to run next, on average; its share is of the wall-"
        "clock time of a run.",
    ),
    Definition(
        "Evaluations, steps, simulated time",
        "spent",
        "Configurations begun, steps trained over all of them (a trial that is resumed adds only new ones), "
        "and seconds on the problem's own clock; on average per run.",
    ),
    Definition(
        "Wall-clock and CPU time",
        "cpu",
        "Seconds that passed and processor seconds that were used, of a whole run: the method, and the "
        "problem where it really trains.",
    ),
    Definition(
        "Failed runs",
        "failed",
        "Runs without a proper end. They keep what they had found.",
    ),
)
