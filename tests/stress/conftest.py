"""The company of the stories, here for many at once."""

from tests.processes.conftest import (  # noqa: F401 - fixtures are found by their names
    company,
    founded,
    founded_postgresql,
    founded_sqlite,
    holdfast,
    no_worker_left,
)
