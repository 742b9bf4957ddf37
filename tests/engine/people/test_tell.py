"""Telling everyone in a role, each in their own language."""

from sqlalchemy import select

from engine.outbox import Outgoing
from engine.people.accounts import choose_language_and_zone, disable
from engine.people.tell import tell_role


def tell_quality(db, at, **kw):
    return tell_role(
        db,
        "qa_manager",
        key="task_opened:1",
        layout="layouts/task_opened",
        body=lambda account: {"task_name": "关闭" if account.language == "zh" else "Close"},
        at=at,
        **kw,
    )


def test_everyone_in_the_role_is_told_in_their_own_language(db, people, at):
    choose_language_and_zone(
        db, language="zh", time_zone="Asia/Shanghai", by=people.qa_manager, at=at
    )
    assert tell_quality(db, at) == 2
    said = {o.receiver: o for o in db.scalars(select(Outgoing))}
    assert said["li.wang@holdfast.example"].body["task_name"] == "关闭"
    assert said["li.wang@holdfast.example"].body["time_zone"] == "Asia/Shanghai"
    assert said["fang.he@holdfast.example"].body["task_name"] == "Close"


def test_who_did_it_need_not_be_told(db, people, at):
    assert tell_quality(db, at, but=[people.qa_manager.id]) == 1


def test_who_left_is_not_told(db, people, at):
    disable(db, people.qa_manager.id, reason="left", by=people.administrator, at=at)
    assert tell_quality(db, at) == 1
