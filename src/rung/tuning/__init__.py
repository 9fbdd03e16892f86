"""What a tuner is made of, the deterministic half first: engine, session, intake, inbox, starter, workers, loop."""
