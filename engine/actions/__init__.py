"""One verb per file: the service tasks of the diagrams, by their id."""
