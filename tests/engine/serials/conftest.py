"""The shop that the tests of the store stand on, and holds in it."""

import pytest

from tests.support.shop import NOW, Shop


@pytest.fixture
def shop(db, people, laid_shop):
    return Shop(db, {"by": people.warehouse, "at": NOW})


@pytest.fixture
def hold(shop):
    from engine.serials import holds

    def place(target, case="NC-2026-0001"):
        return holds.place(
            shop.db,
            stream=f"case:{case}",
            case_number=case,
            reason="cracked housing",
            basis="incoming inspection",
            target=target,
            by=shop.how["by"],
            at=shop.how["at"],
        )

    return place
