# ruff: noqa: ANN001, ANN201, ANN204, D101, D102, FBT003  # written as one writes in the chapter's notebook
"""Chapter 19.2 of "Dive into Deep Learning": searcher, scheduler and tuner written from scratch, then LeNet tuned.

    python examples/d2l/hpo_api.py          # RUNG_DATA=folder with the four Fashion-MNIST files

Only the import line of d2l is another one than in the book. ``d2l`` has all these classes ready-made as well; with its
``HPOTuner`` the same study has a log, can be resumed and runs in several processes: see ``exercises.py``.
"""

import time

from scipy import stats

from rung.integrations import d2l


class HPOSearcher(d2l.HyperParameters):
    def sample_configuration(self) -> dict:
        raise NotImplementedError

    def update(self, config: dict, error: float, additional_info=None):
        """What is drawn at random needs no past."""


class RandomSearcher(HPOSearcher):
    def __init__(self, config_space: dict, initial_config=None):  # noqa: ARG002
        self.save_hyperparameters()

    def sample_configuration(self) -> dict:
        if self.initial_config is not None:
            config, self.initial_config = self.initial_config, None
            return config
        return {name: domain.rvs() for name, domain in self.config_space.items()}


class HPOScheduler(d2l.HyperParameters):
    def suggest(self) -> dict:
        raise NotImplementedError

    def update(self, config: dict, error: float, info=None):
        raise NotImplementedError


class BasicScheduler(HPOScheduler):
    def __init__(self, searcher: HPOSearcher):  # noqa: ARG002
        self.save_hyperparameters()

    def suggest(self) -> dict:
        return self.searcher.sample_configuration()

    def update(self, config: dict, error: float, info=None):
        self.searcher.update(config, error, additional_info=info)


class HPOTuner(d2l.HyperParameters):
    def __init__(self, scheduler: HPOScheduler, objective: callable):  # noqa: ARG002
        self.save_hyperparameters()
        self.incumbent = None
        self.incumbent_error = None
        self.incumbent_trajectory = []
        self.cumulative_runtime = []
        self.current_runtime = 0
        self.records = []

    def run(self, number_of_trials):
        for i in range(number_of_trials):
            start_time = time.time()
            config = self.scheduler.suggest()
            print(f"Trial {i}: config = {config}")
            error = self.objective(**config)
            error = float(d2l.numpy(error.cpu()))
            self.scheduler.update(config, error)
            runtime = time.time() - start_time
            self.bookkeeping(config, error, runtime)
            print(f"    error = {error}, runtime = {runtime}")


@d2l.add_to_class(HPOTuner)
def bookkeeping(self, config: dict, error: float, runtime: float):
    self.records.append({"config": config, "error": error, "runtime": runtime})
    if self.incumbent is None or error < self.incumbent_error:
        self.incumbent, self.incumbent_error = config, error
    self.incumbent_trajectory.append(self.incumbent_error)
    self.current_runtime += runtime
    self.cumulative_runtime.append(self.current_runtime)


def hpo_objective_lenet(learning_rate, batch_size, max_epochs=10):
    model = d2l.LeNet(lr=learning_rate, num_classes=10)
    data = d2l.FashionMNIST(batch_size=batch_size)
    model.apply_init([next(iter(data.get_dataloader(True)))[0]], d2l.init_cnn)
    trainer = d2l.HPOTrainer(max_epochs=max_epochs, num_gpus=1)
    trainer.fit(model=model, data=data)
    return trainer.validation_error()


config_space = {
    "learning_rate": stats.loguniform(1e-2, 1),
    "batch_size": stats.randint(32, 256),
}
initial_config = {
    "learning_rate": 0.1,
    "batch_size": 128,
}

searcher = RandomSearcher(config_space, initial_config=initial_config)
scheduler = BasicScheduler(searcher=searcher)
tuner = HPOTuner(scheduler=scheduler, objective=hpo_objective_lenet)
tuner.run(number_of_trials=5)

board = d2l.ProgressBoard(xlabel="time", ylabel="error")
for time_stamp, error in zip(tuner.cumulative_runtime, tuner.incumbent_trajectory, strict=True):
    board.draw(time_stamp, error, "random search", every_n=1)
print(f"Picture: {board.save('anytime.png')}")
