# ruff: noqa: ANN001, ANN201  # written as one writes in the chapter's notebook
"""Chapter 19.1 of "Dive into Deep Learning": random search by hand, for the learning rate of softmax regression.

    python examples/d2l/hpo_intro.py

Only the import line of d2l is another one than in the book.
"""

import numpy as np
from scipy import stats

from rung.integrations import d2l


def hpo_objective_softmax_classification(config, max_epochs=8):
    model = d2l.SoftmaxRegression(num_outputs=10, lr=config["learning_rate"])
    data = d2l.FashionMNIST(batch_size=16)
    trainer = d2l.HPOTrainer(max_epochs=max_epochs)
    trainer.fit(model=model, data=data)
    return d2l.numpy(trainer.validation_error())


config_space = {"learning_rate": stats.loguniform(1e-4, 1)}

errors, values = [], []
num_iterations = 5
for i in range(num_iterations):
    learning_rate = config_space["learning_rate"].rvs()
    print(f"Trial {i}: learning_rate = {learning_rate}")
    error = hpo_objective_softmax_classification({"learning_rate": learning_rate})
    print(f"    validation_error = {error}")
    values.append(learning_rate)
    errors.append(error)

best_idx = np.argmin(errors)
print(f"optimal learning rate = {values[best_idx]}")
