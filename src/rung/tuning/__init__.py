"""What a tuner is made of, from the deterministic half outwards: engine, session, intake, inbox, starter, loop."""
