"""The trial's side: what an objective is, how one attempt of it runs, its checkpoints, its line to the tuner."""
