"""Other projects' optimisers as methods of a benchmark; each needs its own package."""
