"""What the cases of the demo cost, and what the company held its figures against before."""

from datetime import date, datetime, timedelta

from sqlalchemy import select

from engine.cases.costs import recording, standards
from engine.cases.costs.recording import Given
from engine.cases.models import Case
from webapp.demo.stage import Stage
from webapp.demo.timeline import Telling

QUALITY, SUPPLIER_QUALITY = "helen.ashworth", "oliver.grant"
RATE = "64.50"
NET_SALES = ("1840000", "1795000", "1910000")  # of the months before this one, the last first
BEFORE = {
    "ncr_cycle_time": ("41", "Mean of the 37 nonconformances of last year, from the old register."),
    "trace_success": ("62", "Mock recall of last spring: 31 of 50 lots traced to the end."),
    "overdue_rate": ("45", "Counted by hand in the old register, last quarter before."),
}
INVOICES = (
    Given("test_lab", amount="1280", currency="EUR", what="Peel test of 60 pouches", who="PackLab"),
    Given("line_stop", hours="4.5", what="Sealer SL-04 stood still", who="Lukas Fiedler"),
    Given("scrap", amount="3940.80", currency="EUR", what="Material of the lot"),
)


def spent(stage: Stage, present: datetime) -> Telling:
    """Set what costs are reckoned with, and write down the invoices of the first case."""
    yield present - timedelta(days=3)
    by = stage.who(QUALITY)
    day = stage.at.date()
    with stage.holdfast.database.begin() as db:
        standards.put(db, "labour_rate", value=RATE, currency="EUR",
                      from_on=f"{day - timedelta(days=250)}", reason="Finance, plan of this year.",
                      by=by, at=stage.at)  # fmt: skip
        for code, (value, where) in BEFORE.items():
            standards.put(db, "baseline", key=code, value=value, reason=where, by=by, at=stage.at)
        number = db.scalar(select(Case.number).order_by(Case.id).limit(1)) or ""
        # a small demo has no case that is so old
        for place, invoice in enumerate(INVOICES if number else ()):
            given = Given(**{**vars(invoice), "spent_on": f"{day - timedelta(days=14 - place)}"})
            recording.record(db, number, given, by=stage.who(SUPPLIER_QUALITY), at=stage.at,
                             key=f"demo-cost-{place}")  # fmt: skip
    yield present - timedelta(days=2)
    with stage.holdfast.database.begin() as db:
        month = present.date().replace(day=1)
        for sales in NET_SALES:
            month = _before(month)
            standards.put(db, "net_sales", value=sales, currency="EUR", from_on=f"{month}",
                          reason="Finance, closed month.", by=by, at=stage.at)  # fmt: skip


def _before(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)
