"""How much a form asks one by one, and a form filled in again with what was replied before."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

from engine.cases.replies.listed import Group, Listed
from engine.cases.replies.models import Reply, ReplyLine

Shape: TypeAlias = Literal["each", "groups", "rest"]
MOST_EACH = 20  # questions that a telephone shows in one page of 40 KB
A_LOT = 2  # a lot takes as much room as two units


def shape_of(listed: Listed, *, is_customer: bool = False) -> Shape:
    """Return whether a form asks for each thing, for each part and lot, or for the rest at once."""
    if is_customer:
        return "rest"
    if len(listed.units) + A_LOT * len(listed.lots) <= MOST_EACH:
        return "each"
    groups = len(listed.groups) + len(listed.lots)
    return "groups" if groups <= MOST_EACH else "rest"


def typed_of(
    reply: Reply, lines: Sequence[ReplyLine], listed: Listed, *, is_customer: bool = False
) -> dict[str, str]:
    """Return a reply as it would be typed into the form that is shown now."""
    typed = {
        "name": reply.name,
        "role": reply.role,
        "contact": reply.contact or "",
        "customer": reply.customer or "",
        "none": "yes" if reply.is_none else "",
        "replacement": reply.replacement or "",
        "patients_informed": _count(reply.patients_informed_count),
        "customer_count": _count(reply.customer_count),
        "customer_informed": _count(reply.customer_informed_count),
        "customer_answered": _count(reply.customer_answered_count),
        "note": reply.note or "",
        "passed_on_to": next((one.passed_on_to for one in lines if one.passed_on_to), "") or "",
    }
    for number, one in enumerate(reply.instructions, start=1):
        typed[f"i{number}"] = "yes" if one["is_done"] else ""
    if reply.is_none:
        return typed
    shape = shape_of(listed, is_customer=is_customer)
    pasted: dict[str, list[str]] = {}
    if shape == "each":
        typed |= {f"u{one.unit_id}": one.outcome for one in lines if one.unit_id is not None}
    else:
        outcomes = {one.unit_id: one.outcome for one in lines if one.unit_id is not None}
        for group in listed.groups:
            _fill_group(typed, pasted, group, outcomes, by_group=shape == "groups")
    for one in lines:
        if one.lot_id is not None and shape == "each" and one.lot_id in listed.lot_of:
            typed[f"l{one.lot_id}.{one.outcome}"] = f"{one.quantity.normalize():f}"
        elif one.lot_id is not None and one.lot_id in listed.lot_of:
            lot_no = listed.lot_of[one.lot_id].lot_no
            much = f"{one.quantity.normalize():f}"
            pasted.setdefault(one.outcome, []).append(f"{lot_no} x {much}")
        elif one.said is not None:
            much = "" if one.quantity == 1 else f" x {one.quantity.normalize():f}"
            pasted.setdefault(one.outcome, []).append(one.said + much)
    return typed | {f"list.{code}": "\n".join(texts) for code, texts in pasted.items()}


def _fill_group(
    typed: dict[str, str],
    pasted: dict[str, list[str]],
    group: Group,
    outcomes: dict[int, str],
    *,
    by_group: bool,
) -> None:
    """Say the most frequent answer of all the rest, and name what was answered otherwise."""
    said = [(unit, outcomes[unit.id]) for unit in group.units if unit.id in outcomes]
    usual = _most(code for _, code in said)
    if by_group and len(said) == len(group.units):
        typed[f"g{group.key}"] = usual
        said = [(unit, code) for unit, code in said if code != usual]
    for unit, code in said:
        pasted.setdefault(code, []).append(unit.serial)


def _most(codes: Iterable[str]) -> str:
    counted = Counter(codes).most_common(1)
    return counted[0][0] if counted else ""


def _count(number: int | None) -> str:
    return "" if number is None else str(number)
