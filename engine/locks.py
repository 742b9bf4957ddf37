"""Who has what another waits for: told by PostgreSQL, where it can be told, and never guessed.

A transaction says in its `application_name` whose it is. A wait that was given up names the row in
its error; that row names the transaction that locked it, and PostgreSQL knows since when it runs.
SQLite has one writer at a time and says nothing of whom it waits for.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

APPLICATION = "holdfast"
WAITED_TOO_LONG, DEADLOCK = "55P03", "40P01"  # SQLSTATE
# `while locking tuple (0,5) in relation "case_file"`, in whatever language the server speaks
_ROW = re.compile(r'(\(\d+,\d+\)).*"(\w+)"')
_WHOSE = text("SELECT set_config('application_name', :whose, true)")
_HOLDER = """
    SELECT holder.application_name, holder.xact_start
    FROM {table} AS locked
    JOIN pg_locks ON locktype = 'transactionid' AND granted AND transactionid = locked.xmax
    JOIN pg_stat_activity AS holder USING (pid)
    WHERE locked.ctid = CAST(:row AS tid)
    -- a row that several share has the number of their set there, which may equal a transaction's
    AND mxid_age(locked.xmax) <= 0
"""


@dataclass(frozen=True)
class Holder:
    """The person whose transaction has a row, and since when that transaction runs."""

    person_id: int
    since: datetime


def is_busy(error: OperationalError) -> bool:
    """Tell whether a statement only met a colleague's: the same command may work in a moment."""
    if getattr(error.orig, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return True
    return getattr(error.orig, "sqlstate", None) in (WAITED_TOO_LONG, DEADLOCK)


def sign(connection: Connection, person_id: int) -> None:
    """Say on PostgreSQL whose the running transaction is, until it ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(_WHOSE, {"whose": f"{APPLICATION} {person_id}"})


def holder(
    connection: Connection, error: OperationalError, *, tables: Collection[str]
) -> Holder | None:
    """Return whose transaction still has the row this wait was for; None where nobody can tell.

    Ask on another connection than the one that waited. Unknown are the second in a queue, a row
    that several share, work that no person does, and a colleague who has finished meanwhile.
    """
    context = getattr(getattr(error.orig, "diag", None), "context", None) or ""
    row = _ROW.search(context)
    if row is None or row[2] not in tables:
        return None
    found = connection.execute(text(_HOLDER.format(table=row[2])), {"row": row[1]}).one_or_none()
    if found is None:
        return None
    whose = re.fullmatch(rf"{APPLICATION} (\d+)", found.application_name or "")
    return Holder(int(whose[1]), found.xact_start) if whose else None
