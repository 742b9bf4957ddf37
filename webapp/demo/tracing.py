"""What was traced in the demo, and how the gaps in its record changed."""

from datetime import datetime, timedelta

from engine.serials import expressions, gaps, tracing
from webapp.demo import catalogue as cat
from webapp.demo.history import lot_of
from webapp.demo.stage import Stage
from webapp.demo.timeline import Telling


def traces(stage: Stage, present: datetime) -> Telling:
    """Trace a supplier's lots and, days later, one of them with what cannot be excluded."""
    for weeks in (6, 3, 1):
        yield present - timedelta(weeks=weeks, hours=9)
        with stage.holdfast.database.begin() as db:
            gaps.take_reading(db, at=stage.at)
    board, motor = (lot_of(stage, part_no, 0) for part_no in (cat.BOARD, cat.MOTOR))
    yield present - timedelta(days=5, hours=3)
    _trace(stage, f"Lots begin with: {board[:5]}", by="daniel.brandt")
    yield present - timedelta(days=2, hours=4)
    _trace(stage, f"批号：{motor}；供应商批号 {board}", by="chen.xiaoyu")


def _trace(stage: Stage, text: str, *, by: str) -> None:
    with stage.holdfast.database.begin() as db:
        said = expressions.understand(db, text)
        expression = tracing.expression_of(said)
        tracing.start(db, expression, by=stage.who(by), at=stage.at, key=text)
