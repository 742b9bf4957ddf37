"""What notifications need: a ledger, somewhere to keep the bytes, the facts of each mail."""

import hashlib
from typing import Any

import pytest

from engine import outbox
from engine.evidence import ledger

# one set of facts for each layout; a test holds that every layout has one
CASE = {"case_number": "NC-2026-0007", "case_title": "Seal leaks at the pump head <batch R7>"}
TASK = {**CASE, "task_name": "Propose disposition", "role": "qa_engineer", "path": "/tasks/41"}
FACTS: dict[str, dict[str, Any]] = {
    "layouts/task_opened": {**TASK, "due_at": "2026-03-05T08:00:00+00:00"},
    "layouts/sla_approaching": {
        **TASK,
        "due_at": "2026-03-05T08:00:00+00:00",
        "claimed_by": "Chen Mei",
    },
    "layouts/sla_missed": {**TASK, "due_at": "2026-03-05T08:00:00+00:00", "claimed_by": ""},
    "layouts/hold_breached": {
        **CASE,
        "target": "R7-000123",
        "event_type": "moved",
        "is_correction": True,
        "where": "St. Elsewhere Hospital · Theatre 2",
        "document": "DN-88120",
        "happened_at": "2026-03-02T06:30:00+00:00",
        "recorded_at": "2026-03-02T08:00:00+00:00",
        "path": "/cases/NC-2026-0007",
    },
    "layouts/consignee_letter": {
        "marking": "URGENT: MEDICAL DEVICE RECALL",
        "headline": "Infusion pump IP-300: flow may stop without alarm",
        "company": "Tarn Medical",
        "notice_number": "RC-2026-0001/N-0007",
        "reply_until": "2026-12-18",
        "telephone": "+1 218 555 0100",
        "written_at": "2026-11-26T10:00:00+00:00",
        "path": "/n/token",
    },
    "layouts/notice_forwarded": {
        "passed_on_by": "R. Shaw",
        "consignee": "St. Elsewhere Hospital",
        "company": "Tarn Medical",
        "notice_number": "RC-2026-0001/N-0007",
        "expires_at": "2026-08-29T08:00:00+00:00",
        "path": "/n/token",
    },
    "layouts/notice_link_anew": {
        "consignee": "St. Elsewhere Hospital",
        "company": "Tarn Medical",
        "notice_number": "RC-2026-0001/N-0007",
        "expires_at": "2026-08-29T08:00:00+00:00",
        "path": "/n/token",
    },
    "layouts/flags_raised": {
        "flag_count": 3,
        "target": "R7-000123, RESIN-7",
        "source": "epcis:wms",
        "happened_at": "2026-03-02T06:30:00+00:00",
        "recorded_at": "2026-03-02T08:00:00+00:00",
        "path": "/flags",
    },
    "layouts/hold_unacknowledged": {
        **CASE,
        "reason": "Seal leaks",
        "target_count": 240,
        "placed_at": "2026-03-02T07:40:00+00:00",
        "path": "/holds?case=NC-2026-0007",
    },
    "layouts/hold_not_acknowledged_by": {
        **CASE,
        "doors": "WMS Jena, MES Suzhou",
        "reason": "Seal leaks",
        "target_count": 240,
        "placed_at": "2026-03-02T07:40:00+00:00",
        "path": "/holds?case=NC-2026-0007",
    },
    "layouts/reconciliation_differs": {
        "source": "ERP stock",
        "compared_at": "2026-03-02T02:00:00+00:00",
        "new_count": 12,
        "reopened_count": 3,
        "all_count": 40,
        "line_count": 81204,
        "path": "/interfaces/reconciliation/1/differences",
    },
    "layouts/reconciliation_failed": {
        "source": "ERP stock",
        "compared_at": "2026-03-02T02:00:00+00:00",
        "problem": "No file came.",
        "path": "/interfaces/reconciliation/1",
    },
    "layouts/night_differs": {
        "ended_at": "2026-03-02T01:00:00+00:00",
        "complete": "92 / 100",
        "resolved": "4810 / 5022",
        "differing": 1,
        "path": "/readiness/7",
    },
    "layouts/night_low": {
        "ended_at": "2026-03-02T01:00:00+00:00",
        "complete": "92 / 100",
        "resolved": "4810 / 5022",
        "path": "/readiness/7",
    },
    "layouts/canary_passed": {
        "tried_at": "2026-03-02T08:00:00+00:00",
        "answer": "201 {}",
        "path": "/interfaces/canary",
    },
    "layouts/canary_untested": {
        "tried_at": "2026-03-02T08:00:00+00:00",
        "answer": "503 Service Unavailable",
        "path": "/interfaces/canary",
    },
    "layouts/canary_silent": {
        "last_at": "2026-03-02T06:00:00+00:00",
        "why": "ConnectionError",
        "path": "/interfaces/canary",
    },
    "layouts/signing_locked": {
        "locked_name": "Chen Mei",
        "locked_user_name": "mei.chen",
        "locked_at": "2026-03-02T08:00:00+00:00",
        "address": "192.0.2.7",
        "path": "/people/2",
    },
    "layouts/password_guessed": {
        "tried_name": "Chen Mei",
        "tried_user_name": "mei.chen",
        "tried_at": "2026-03-02T08:00:00+00:00",
        "path": "/people",
    },
    "layouts/drill_ended": {
        "drill_number": "DR-2026-0007",
        "practised": "SENS-1",
        "begun_at": "2026-03-02T02:00:00+00:00",
        "outcome": "Not passed",
        "points": "45.0",
        "why": "Consignees not written to, no letter in “de”: 1",
        "path": "/drills/DR-2026-0007",
    },
    "layouts/report_ready": {
        "report_name": "Stock by place <monthly>",
        "about": "Stock",
        "ran_at": "2026-03-02T06:00:00+00:00",
        "row_count": 1240,
        "format": "XLSX",
        "left_out": "Price, Currency",
        "path": "/reports/runs/7",
    },
    "layouts/report_refused": {
        "report_name": "Prices above 100",
        "about": "Supplier agreement",
        "ran_at": "2026-03-02T06:00:00+00:00",
        "why": "This report asks for Price, which your roles do not see. Take that filter away.",
        "path": "/reports/7",
    },
    "quarantine/escalate_segregation": {
        **CASE,
        "in_house_count": 240,
        "due_at": "2026-03-02T16:00:00+00:00",
        "claimed_by": "",
        "path": "/cases/NC-2026-0007",
    },
}
READERS = {
    "en": {"printed_name": "Jonas Weber", "time_zone": "Europe/Berlin"},
    "zh": {"printed_name": "陈美", "time_zone": "Asia/Shanghai"},
}


@pytest.fixture
def info() -> dict[str, Any]:
    return {"ledger": ledger.append}


@pytest.fixture
def facts():
    return lambda layout, language: {**READERS[language], **FACTS[layout]}


@pytest.fixture
def say(database, at, facts):
    """Put one message in the outbox and commit it."""

    def say(key="task_opened:41:2", *, receiver="mei.chen@holdfast.example", language="en", **kw):
        layout = kw.pop("layout", "layouts/task_opened")
        body = kw.pop("body") if "body" in kw else facts(layout, language)
        with database.begin() as db:
            return outbox.say(
                db,
                key,
                receiver=receiver,
                language=language,
                layout=layout,
                body=body,
                at=at,
                **kw,
            )

    return say


class Kept(dict[str, bytes]):
    """Bytes by their sha256, as the document store keeps them."""

    def keep(self, data: bytes) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        self[sha256] = data
        return sha256


@pytest.fixture
def kept() -> Kept:
    return Kept()
