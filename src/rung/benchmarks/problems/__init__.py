"""Problems to compare searchers and schedulers on; ``catalogue`` makes them from their names."""
