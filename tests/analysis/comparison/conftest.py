"""For the tests of comparisons and those of their reports, one folder below: ``made_up_runs`` is found by both."""
