"""Comparing ways to search: problems, the runs on them, and what can be concluded from the runs."""
