"""What the rules about people need: a real ledger and hashing that takes no time."""

from typing import Any

import pytest

from engine.evidence import ledger
from engine.people.passwords import Hashing


@pytest.fixture
def info() -> dict[str, Any]:
    return {
        "ledger": ledger.append,
        "hashing": Hashing(memory_kib=8, passes=1, lanes=1, concurrent=32),
    }
