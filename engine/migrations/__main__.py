"""Writes the next migration: `python -m engine.migrations "why"`."""

import sys

from alembic import command
from sqlalchemy import create_engine

from engine.migrations import config_on, load_models

load_models()
with create_engine("sqlite://").begin() as connection:
    # what the steps so far make, compared with what the models describe
    command.upgrade(config_on(connection), "head")
    command.revision(config_on(connection), message=" ".join(sys.argv[1:]), autogenerate=True)
