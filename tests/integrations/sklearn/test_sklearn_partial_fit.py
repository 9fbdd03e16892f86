from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rung
from rung import GridSearcher, SuccessiveHalving, Tuner
from rung.errors import CheckpointError, SettingError
from rung.store import MemoryStore

pytest.importorskip("sklearn")
from sklearn.cluster import Birch, MiniBatchKMeans
from sklearn.decomposition import IncrementalPCA, LatentDirichletAllocation, MiniBatchDictionaryLearning, MiniBatchNMF
from sklearn.linear_model import Perceptron, SGDClassifier, SGDOneClassSVM, SGDRegressor
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, ComplementNB, GaussianNB, MultinomialNB
from sklearn.neural_network import BernoulliRBM, MLPClassifier, MLPRegressor
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, StandardScaler
from sklearn.svm import SVC

from rung.integrations.sklearn import PartialFit
from rung.runtime._trees import decode_tree, encode_tree

RNG = np.random.default_rng(0)
X = RNG.random((60, 4))
TWO = (X[:, 0] > 0.5).astype(int)
WORDS = np.array(["low", "mid", "top"])[(3 * X[:, 1]).astype(int)]
SUM = X.sum(axis=1)
COUNTS = (4 * X).astype(int)
MANY = np.stack([TWO, X[:, 2] > 0.5], axis=1).astype(int)

CASES: dict[str, tuple[Callable[[], Any], Any, Any]] = {
    "sgd-two": (lambda: SGDClassifier(alpha=1e-3), X, TWO),
    "sgd-words": (lambda: SGDClassifier(loss="log_loss", random_state=3), X, WORDS),
    "sgd-objects": (SGDClassifier, X, WORDS.astype(object)),
    "sgd-averaged": (lambda: SGDClassifier(average=True), X, TWO),
    "sgd-averaged-later": (lambda: SGDClassifier(average=100), X, WORDS),
    "sgd-generator": (lambda: SGDClassifier(random_state=np.random.RandomState(5)), X, TWO),
    "sgd-numbers": (lambda: SGDRegressor(learning_rate="adaptive"), X, SUM),
    "sgd-numbers-averaged": (lambda: SGDRegressor(average=90), X, SUM),
    "sgd-one-class": (SGDOneClassSVM, X, None),
    "perceptron": (Perceptron, X, WORDS),
    "passive-aggressive": (lambda: SGDClassifier(loss="hinge", penalty=None, learning_rate="pa1", eta0=1.0), X, TWO),
    "mlp-adam": (lambda: MLPClassifier((5,)), X, WORDS),
    "mlp-sgd": (
        lambda: MLPClassifier((5, 3), solver="sgd", learning_rate="invscaling", learning_rate_init=0.1, random_state=1),
        X,
        TWO,
    ),
    "mlp-labels": (lambda: MLPClassifier((5,), random_state=np.random.RandomState(2)), X, MANY),
    "mlp-numbers": (lambda: MLPRegressor(hidden_layer_sizes=(5,), solver="sgd", learning_rate="adaptive"), X, SUM),
    "bayes-gaussian": (GaussianNB, X, WORDS),
    "bayes-multinomial": (MultinomialNB, COUNTS, TWO),
    "bayes-complement": (ComplementNB, COUNTS, TWO),
    "bayes-bernoulli": (BernoulliNB, X > 0.5, TWO),
    "bayes-categorical": (lambda: CategoricalNB(min_categories=5), COUNTS, TWO),
    "k-means": (lambda: MiniBatchKMeans(3, n_init=1), X, None),
    "pca": (lambda: IncrementalPCA(2), X, None),
    "dictionary": (lambda: MiniBatchDictionaryLearning(3), X, None),
    "nmf": (lambda: MiniBatchNMF(2), X, None),
    "lda": (lambda: LatentDirichletAllocation(2), COUNTS, None),
    "rbm": (lambda: BernoulliRBM(3), X, None),
    "scaler": (StandardScaler, X, None),
    "scaler-range": (MinMaxScaler, X, None),
    "scaler-absolute": (MaxAbsScaler, X, None),
}


def learn(estimator: Any, epoch: int, samples: Any, targets: Any) -> None:
    part = slice(epoch % 3, None, 3)  # another batch each time
    if targets is None:
        estimator.partial_fit(samples[part])
    elif hasattr(estimator, "predict") and targets.dtype != float:
        classes = None if targets.ndim == 2 else np.unique(targets)
        estimator.partial_fit(samples[part], targets[part], classes=[0, 1] if classes is None else classes)
    else:
        estimator.partial_fit(samples[part], targets[part])


def plain(value: Any) -> Any:
    """The fitted attributes as what can be compared."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tolist() if value.dtype == object else value.tobytes()
    if isinstance(value, np.random.RandomState):
        return plain(value.get_state(legacy=False)["state"]["key"])
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if hasattr(value, "__dict__") or isinstance(value, dict):
        parts = value if isinstance(value, dict) else vars(value)
        return {name: plain(part) for name, part in parts.items() if name != "_loss_function_"}
    return value


@pytest.mark.filterwarnings("ignore:Skipped epochs.*:UserWarning")
@pytest.mark.parametrize("name", CASES)
def test_a_continued_training_is_the_one_that_was_never_interrupted(name: str) -> None:
    make, samples, targets = CASES[name]
    whole, first, second = make(), make(), make()
    np.random.seed(0)  # noqa: NPY002  what an estimator without a random_state draws from
    for epoch in range(6):
        learn(whole, epoch, samples, targets)
    np.random.seed(0)  # noqa: NPY002
    for epoch in range(3):
        learn(first, epoch, samples, targets)
    state = decode_tree(*encode_tree(PartialFit(first).state_dict()))
    PartialFit(second).load_state_dict(state)
    for epoch in range(3, 6):
        learn(second, epoch, samples, targets)
    assert plain(second) == plain(whole)


def test_a_paused_trial_goes_on() -> None:
    epochs: list[tuple[int, int]] = []

    def train(trial: rung.Trial) -> None:
        estimator = SGDClassifier(loss="log_loss", alpha=trial.config["alpha"])
        for epoch in trial.epochs(9, model=PartialFit(estimator)):
            estimator.partial_fit(X, TWO, classes=[0, 1])
            epochs.append((trial.number, epoch))
            trial.report(1 - estimator.score(X, TWO))

    scheduler = SuccessiveHalving(GridSearcher({"alpha": [10.0, 1e-4, 1.0]}), max_t=9, n=3)
    with Tuner(train, scheduler, store=MemoryStore(), study="s", seed=0) as tuner:
        study = tuner.run()
    best = max(study.trials, key=lambda trial: trial.last_step)
    assert (best.attempt, best.last_step) == (3, 9)
    assert [epoch for number, epoch in epochs if number == best.number] == [*range(1, 10)]


def test_names_of_columns() -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X, columns=["a", "b", "c", "d"])
    first, second = SGDRegressor().partial_fit(table, SUM), SGDRegressor()
    PartialFit(second).load_state_dict(decode_tree(*encode_tree(PartialFit(first).state_dict())))
    assert second.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    assert second.predict(table).tobytes() == first.predict(table).tobytes()


def test_a_copy_learns_on_with_its_own_parameters() -> None:
    seen: list[tuple[bool, Any, Any]] = []

    def train(trial: rung.Trial) -> None:
        rate, momentum = trial.config["rate"], trial.config["momentum"]
        model = MLPClassifier((3,), solver="sgd", learning_rate_init=rate, momentum=momentum)
        for _ in trial.epochs(4, model=PartialFit(model)):
            model.partial_fit(X, TWO, classes=[0, 1])
            trial.report(model.loss_)
        optimizer = model._optimizer
        seen.append((trial.progress.job.parent is not None, (rate, momentum), optimizer))

    space = {"rate": rung.loguniform(1e-4, 1e-1), "momentum": rung.uniform(0.5, 0.95)}
    scheduler = rung.PopulationBasedTraining(rung.RandomSearcher(space), max_t=4, population=4, interval=2)
    with Tuner(train, scheduler, store=MemoryStore(), study="s", seed=0) as tuner:
        tuner.run()
    assert any(is_copy for is_copy, _, _ in seen)
    for _, given, optimizer in seen:
        assert (optimizer.learning_rate, optimizer.momentum) == pytest.approx(given)


@pytest.mark.parametrize(
    "other", [MLPClassifier((4,)), MLPClassifier((3,), solver="sgd"), MLPRegressor(hidden_layer_sizes=(3,))]
)
def test_what_belongs_to_another_estimator(other: Any) -> None:
    state = PartialFit(MLPClassifier((3,)).partial_fit(X, TWO, classes=[0, 1])).state_dict()
    with pytest.raises(ValueError, match=r"saved was \{'estimator': 'MLPClassifier'"):
        PartialFit(other).load_state_dict(state)


def test_what_can_not_be_kept() -> None:
    with pytest.raises(
        CheckpointError, match=r"Birch\.root_ can't be saved: sklearn\.cluster\._birch\._CFNode\. Leave"
    ):
        PartialFit(Birch(n_clusters=None).partial_fit(X)).state_dict()
    with pytest.raises(SettingError, match="SVC has no partial_fit"):
        PartialFit(SVC())
