"""Where stock lies, in words: one place by its name, several with how much lies at each."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from forms.context import Stock
from forms.decimals import text_of
from forms.field import Json
from forms.words import N_, say

AT = N_("%(count)s at %(place)s")


def places_of_stock(stock: Stock) -> tuple[tuple[str, Decimal], ...]:
    """Return each place of a stock with how much of it lies there."""
    if stock.places:
        return stock.places
    return ((stock.location, stock.quantity),) if stock.location else ()


def say_places(places: Sequence[tuple[str, Decimal]], language: str) -> str:
    """Write `150 at Main store, 90 at Quarantine cage`."""
    return ", ".join(
        say(AT, language) % {"count": text_of(count), "place": place} for place, count in places
    )


def say_where(stock: Stock, language: str) -> str:
    """Write the place alone where there is one; with quantities where there are several."""
    places = places_of_stock(stock)
    return say_places(places, language) if len(places) > 1 else "".join(p for p, _ in places)


def places_answer(stock: Stock) -> dict[str, Json]:
    """Write the place as answers keep it: names, and where it is several, how much at each."""
    places = places_of_stock(stock)
    several = [{"place": place, "quantity": text_of(count)} for place, count in places]
    return {
        "location": ", ".join(place for place, _ in places),
        **({"places": several} if len(places) > 1 else {}),
    }


def say_place_of(answer: Mapping[str, Any], language: str) -> str:
    """Write the place that an answer kept."""
    several = [(one["place"], Decimal(one["quantity"])) for one in answer.get("places") or ()]
    return say_places(several, language) if several else str(answer["location"])
