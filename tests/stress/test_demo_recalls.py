"""The recalls of the demo: each stands at its stage, and the record of each holds together."""

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Incident, Instance, Task
from engine.cases.drills.models import Drill
from engine.cases.models import Case
from engine.cases.notices.models import Notice, OutreachAttempt
from engine.cases.recalls.models import Gate
from engine.cases.replies.models import ReplyFinding
from engine.cases.returns.models import FieldCorrection, ReturnLine
from engine.cases.verifying import verify_case
from engine.evidence.documents import documents_of
from engine.evidence.render import end_worker
from engine.serials.models import TraceNight
from webapp import demo
from webapp.compose import compose
from webapp.demo import recalls, works
from webapp.demo.bringing_up import Scale
from webapp.settings import Settings

# enough pumps for every customer of the recall
MAKER = works.Size(runs=5, run_length=8, set_lots=1, set_quantity=400)
RECALLS = Scale(MAKER, orders=1, pumps=(1, 2), told=(), recalls=recalls.ALL)

pytestmark = pytest.mark.stress


def test_the_demo_shows_recalls_in_five_stages(tmp_path: Path) -> None:
    demo.bring_up(tmp_path, say=lambda _: None, scale=RECALLS)
    end_worker()
    holdfast = compose(Settings.read(tmp_path))
    with holdfast.database.read() as db:
        cases = db.scalars(select(Case).order_by(Case.id)).all()
        closed, asked, out, decided, signal = (one for one in cases if not one.is_drill)
        assert waiting_at(db, signal) == {"triage_signal"}
        assert waiting_at(db, decided) >= {"decide_as_quality", "decide_as_executive"}
        assert waiting_at(db, out) >= {"settle_reply", "review_returns"}
        assert waiting_at(db, asked) == {"record_outcome", "prepare_status_report"}
        assert closed.state == "closed"
        kinds = {(one.kind, one.state) for one in documents_of(db, closed.stream)}
        assert ("recall/closure_record", "sealed") in kinds

        gates = select(Gate.jurisdiction, Gate.state).where(Gate.case_id == out.id)
        rows = db.execute(gates.where(Gate.what == "notices"))
        opened = {row.jurisdiction: row.state for row in rows}
        assert opened == {"EU": "opened", "GB": "closed"}
        notices = db.scalars(select(Notice).where(Notice.case_id == out.id)).all()
        assert {one.language for one in notices if one.first_sent_at} == {"de", "en", "zh"}
        assert [one.jurisdiction for one in notices if not one.first_sent_at] == ["GB"]
        tried = select(OutreachAttempt.outcome).where(
            OutreachAttempt.notice_id.in_([one.id for one in notices])
        )
        assert sorted(db.scalars(tried)) == ["message_left", "no_answer"]
        assert set(db.scalars(select(ReplyFinding.kind))) == {"differs"}
        assert set(db.scalars(select(ReturnLine.finding))) == {"expected"}
        assert all(one.verified_at for one in db.scalars(select(FieldCorrection)))
        assert db.scalars(select(Drill.outcome)).all() == ["passed"]
        assert len(db.scalars(select(TraceNight.outcome)).all()) == 2
        assert not db.scalars(select(Incident)).all()
        assert not any(verify_case(db, one.stream).causes for one in cases)
    holdfast.database.close()


def waiting_at(db: Session, case: Case) -> set[str]:
    rows = select(Task.element_id).join(Instance, Instance.id == Task.root_id)
    rows = rows.where(Instance.business_key == case.number, Task.process != "recount")
    return set(db.scalars(rows.where(Task.done_at.is_(None), Task.cancelled_at.is_(None))))
