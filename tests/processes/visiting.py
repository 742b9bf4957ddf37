"""A person at their browser, at the time of a company's story."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from engine import clock
from engine.people import Person
from tests.processes.company import Company
from tests.webapp.conftest import Visitor


def enter(app: Flask, person: Person) -> Visitor:
    """Return a browser in which a person is signed in."""
    visitor = Visitor(app.test_client())
    assert visitor.sign_in(person).status_code == 303
    return visitor


@contextmanager
def visiting(company: Company, app: Flask, person: Person) -> Iterator[Visitor]:
    """Give a browser in which a person is signed in, at the company's time."""
    with clock.at(company.at):
        yield enter(app, person)
