"""What the postings of a case come to, kept beside them in the same transaction, a million at once.

The postings are the evidence and only grow. `balance_unit` and `balance_total` say what they come
to, so that no page adds them up; `fingerprint` is of either, and who checks a case compares both.
"""

# ruff: noqa: S608  names and columns come from here, values are bound

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Select, TextClause, func, insert, literal, or_, select, text, union_all
from sqlalchemy.orm import Session

from engine.cases.accounts import SCOPE
from engine.cases.models import Posting
from engine.db import SCALE
from engine.serials.sets import id_value, is_sqlite

READ_AT_ONCE = 5_000
_ASTRAY = "The balance of case {case_id} would not add up: {count} parts do not lie where it says."


class Unbalanced(Exception):
    """A part was posted out of an account in which it does not lie."""


def post_all(
    db: Session, case_id: int, selection: Select[Any], *, to: str | None, said: Mapping[str, Any]
) -> int:
    """Write a posting for each row of a selection that moves, and carry them; return how many."""
    db.flush()
    mark = db.scalar(select(func.max(Posting.id))) or 0
    one = selection.subquery()
    goes = literal(to, Posting.to_account.type) if to is not None else one.c.to_account
    with_whom = one.c.to_party_id if "to_party_id" in one.c else one.c.party_id
    entry = {
        "case_id": literal(case_id, Posting.case_id.type),
        "from_account": one.c.account,
        "to_account": goes,
        "from_party_id": one.c.party_id,
        "to_party_id": with_whom,
        **{name: one.c[name] for name in ("unit_id", "lot_id", "subject_id", "quantity")},
        **{name: literal(value, Posting.__table__.c[name].type) for name, value in said.items()},
    }
    moves = or_(
        one.c.account != goes, func.coalesce(one.c.party_id, 0) != func.coalesce(with_whom, 0)
    )
    db.execute(insert(Posting).from_select(list(entry), select(*entry.values()).where(moves)))
    return carry(db, case_id, mark=mark)


def carry(db: Session, case_id: int, *, ids: Sequence[int] = (), mark: int = 0) -> int:
    """Carry new postings into what lies where: those of these ids, or all since a mark.

    Return how many. Raises `Unbalanced` when one comes out of where its part does not lie.
    """
    sqlite = is_sqlite(db)
    asked: dict[str, Any] = {"case_id": case_id, "mark": mark}
    if ids:
        asked["ids"] = id_value(db, ids)
    do = _statements(sqlite, "ids" if ids else "mark")
    count, leaving, astray = db.execute(do["checked"], asked).one()
    if not astray:
        for step in ("units", "totals", *(("left",) if leaving else ())):
            db.execute(do[step], asked)
        astray = db.scalar(do["overdrawn"], asked) or 0
    if astray:
        raise Unbalanced(_ASTRAY.format(case_id=case_id, count=astray))
    db.execute(do["emptied"], asked)
    return int(count)


@cache
def _statements(sqlite: bool, of: str) -> dict[str, TextClause]:  # noqa: FBT001  one of two kinds of database
    given = (
        "SELECT value FROM json_each(:ids)" if sqlite else "SELECT unnest(CAST(:ids AS bigint[]))"
    )
    # of a million postings of the case the few new ones are found by their ids
    of_case = ("+" if sqlite else "") + "p.case_id = :case_id"
    new = f"{of_case} AND " + (f"p.id IN ({given})" if of == "ids" else "p.id > :mark")
    # the unit leads, never the case: see `BalanceUnit.is_of`
    case_of = "b.case_id" if sqlite else "b.case_id + 0"
    kept = f"LEFT JOIN balance_unit b ON b.unit_id = p.unit_id AND {case_of} = p.case_id"
    columns = "case_id, account, party_id, lot_id, subject_id, counts_units"

    def side(of: str, sign: str) -> str:
        return (
            f"SELECT p.case_id, p.{of}_account AS account,"
            f" coalesce(p.{of}_party_id, 0) AS party_id,"
            " coalesce(p.lot_id, b.lot_id, 0) AS lot_id, coalesce(p.subject_id, 0) AS subject_id,"
            f" p.unit_id IS NOT NULL AS counts_units, {sign}p.quantity AS quantity"
            f" FROM posting p {kept} WHERE {new} AND p.{of}_account <> '{SCOPE}'"
        )

    return {
        name: text(sql)
        for name, sql in {
            # a unit lies in one account: it comes out of that one, and is moved once at a time
            "checked": (
                f"SELECT count(*), sum(CASE WHEN p.to_account = '{SCOPE}' THEN 1 ELSE 0 END),"
                " count(p.unit_id) - count(DISTINCT p.unit_id)"
                " + coalesce(sum(CASE WHEN p.unit_id IS NOT NULL"
                f" AND (p.from_account <> coalesce(b.account, '{SCOPE}')"
                " OR coalesce(p.from_party_id, 0) <> coalesce(b.party_id, 0))"
                f" THEN 1 ELSE 0 END), 0) FROM posting p {kept} WHERE {new}"
            ),
            "units": (
                "INSERT INTO balance_unit (case_id, unit_id, account, party_id, lot_id)"
                " SELECT p.case_id, p.unit_id, p.to_account, p.to_party_id, u.lot_id"
                " FROM posting p JOIN unit u ON u.id = p.unit_id"
                f" WHERE {new} AND p.to_account <> '{SCOPE}' ORDER BY p.unit_id"
                " ON CONFLICT (case_id, unit_id) DO UPDATE"
                " SET account = excluded.account, party_id = excluded.party_id"
            ),
            "totals": (
                f"INSERT INTO balance_total ({columns}, quantity)"
                f" SELECT {columns}, CAST(sum(quantity) AS bigint)"
                f" FROM ({side('to', '')} UNION ALL {side('from', '-')}) m WHERE true"
                f" GROUP BY {columns} ORDER BY {columns} ON CONFLICT ({columns}) DO UPDATE"
                " SET quantity = balance_total.quantity + excluded.quantity"
            ),
            "left": (
                "DELETE FROM balance_unit WHERE case_id = :case_id AND unit_id IN"
                f" (SELECT p.unit_id FROM posting p WHERE {new} AND p.to_account = '{SCOPE}')"
            ),
            "overdrawn": (
                "SELECT count(*) FROM balance_total"
                " WHERE case_id = :case_id AND quantity <= 0 AND quantity < 0"
            ),
            "emptied": "DELETE FROM balance_total WHERE case_id = :case_id AND quantity <= 0",
        }.items()
    }


def posted_totals(db: Session, case_id: int) -> dict[str, Decimal]:
    """Return the quantity in every account that is not empty, as the postings give it."""
    sides = [
        select(account.label("account"), amount.label("quantity")).where(Posting.case_id == case_id)
        for account, amount in (
            (Posting.to_account, Posting.quantity),
            (Posting.from_account, -Posting.quantity),
        )
    ]
    moves = union_all(*sides).subquery()
    total = func.sum(moves.c.quantity, type_=Posting.quantity.type)
    rows = db.execute(
        select(moves.c.account, total)
        .where(moves.c.account != SCOPE)
        .group_by(moves.c.account)
        .having(total != 0)
    )
    return {row[0]: row[1] for row in rows}


# --- fingerprints ----------------------------------------------------------------------------


def fingerprint(db: Session, case_id: int, *, posted: bool = False) -> str:
    """Return the SHA-256 over what lies in which account with whom: as kept, or as `posted`.

    One line for each, by account, unit and lot as text; both ways come to the same.
    """
    digest, between = hashlib.sha256(), b""
    for some in _posted_lines(db, case_id) if posted else _kept_lines(db, case_id):
        digest.update(between + "\n".join(some).encode())
        between = b"\n"
    return digest.hexdigest()


def agree(db: Session, case_id: int) -> bool:
    """Say whether what is kept is what the postings come to: unit by unit, and in its sums."""
    if fingerprint(db, case_id) != fingerprint(db, case_id, posted=True):
        return False
    counted = db.execute(_COUNTED, {"case_id": case_id}).all()
    summed = db.execute(_SUMMED, {"case_id": case_id}).all()
    return [tuple(row) for row in counted] == [tuple(row) for row in summed]


def _kept_lines(db: Session, case_id: int) -> Iterator[list[str]]:
    """Give the lines of what is kept, some at a time: those of units come made from the database.

    Within an account a number comes before no number: its units first, then its quantities.
    """
    do, asked = _kept(is_sqlite(db)), {"case_id": case_id}
    for account in sorted(db.scalars(do["accounts"], asked), key=str.encode):
        here = {**asked, "account": account}
        for units in _read(db, do["units"], here):
            yield [f"{account} {row[0]}" for row in units]
        for quantities in _read(db, do["quantities"], here):
            yield [_line(*row) for row in quantities]


def _posted_lines(db: Session, case_id: int) -> Iterator[list[str]]:
    for some in _read(db, _posted(is_sqlite(db)), {"case_id": case_id}):
        yield [_line(*row) for row in some]


def _line(
    account: str,
    unit_id: int | None,
    lot_id: int | None,
    subject_id: int | None,
    quantity: int,
    party_id: int | None,
) -> str:
    amount = (Decimal(quantity) / SCALE).normalize()
    with_whom = f" {party_id}" if party_id else ""
    return f"{account} {unit_id} {lot_id} {subject_id} {amount:f}{with_whom}"


def _read(db: Session, statement: TextClause, asked: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    how = {"stream_results": True, "yield_per": READ_AT_ONCE}
    rows = db.connection().execute(statement, dict(asked), execution_options=how)
    yield from rows.partitions(READ_AT_ONCE)


def _bytewise(*names: str, sqlite: bool) -> str:
    """Return columns as text, in an order that no language changes."""
    order = "" if sqlite else ' COLLATE "C"'
    return ", ".join(f"coalesce(CAST({name} AS text), 'None'){order}" for name in names)


@cache
def _kept(sqlite: bool) -> dict[str, TextClause]:  # noqa: FBT001  the key of the cache
    units = "FROM balance_unit WHERE case_id = :case_id"
    stock = "FROM balance_total WHERE case_id = :case_id AND NOT counts_units"
    return {
        "accounts": text(f"SELECT account {units} UNION SELECT account {stock}"),
        "units": text(
            "SELECT CAST(unit_id AS text) || ' None None 1'"
            " || coalesce(' ' || CAST(party_id AS text), '')"
            f" {units} AND account = :account ORDER BY {_bytewise('unit_id', sqlite=sqlite)}"
        ),
        "quantities": text(
            "SELECT account, NULL, lot_id, subject_id, quantity, party_id FROM (SELECT account,"
            " nullif(lot_id, 0) AS lot_id, nullif(subject_id, 0) AS subject_id, quantity,"
            f" nullif(party_id, 0) AS party_id {stock} AND account = :account) t"
            f" ORDER BY {_bytewise('lot_id', 'subject_id', sqlite=sqlite)}, party_id"
        ),
    }


@cache
def _posted(sqlite: bool) -> TextClause:  # noqa: FBT001  the key of the cache
    columns = "account, unit_id, lot_id, subject_id"
    sides = " UNION ALL ".join(
        f"SELECT {of}_account AS account, unit_id, lot_id, subject_id, {sign}quantity AS"
        f" quantity, {of}_party_id AS party_id FROM posting WHERE case_id = :case_id"
        for of, sign in (("to", ""), ("from", "-"))
    )
    return text(
        f"SELECT {columns}, sum(quantity) AS quantity, party_id FROM ({sides}) m"
        f" WHERE account <> '{SCOPE}' GROUP BY {columns}, party_id HAVING sum(quantity) <> 0"
        f" ORDER BY {_bytewise(*columns.split(', '), sqlite=sqlite)}, party_id"
    )


_COUNTED = text(
    "SELECT account, coalesce(party_id, 0) AS party, count(*) FROM balance_unit"
    " WHERE case_id = :case_id GROUP BY account, party_id ORDER BY account, party"
)
_SUMMED = text(
    f"SELECT account, party_id AS party, CAST(sum(quantity) AS bigint) / {SCALE} FROM balance_total"
    " WHERE case_id = :case_id AND counts_units GROUP BY account, party_id ORDER BY account, party"
)
