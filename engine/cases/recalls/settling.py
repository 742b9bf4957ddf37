"""Accounting for what a recall leaves where it is."""

from engine.bpmn.step import Step
from engine.cases import balance
from engine.cases.models import Case

STAYING = ("at_consignee", "in_transit", "at_third_party", "held_elsewhere")


def without_action(step: Step, case: Case) -> None:
    """Post what is out as left without field action: every jurisdiction has signed its "no".

    What lies in house stays on hold until the board has decided on it. Flushes.
    """
    balance.post_set(
        step.db,
        case,
        balance.lying_in(case.id, STAYING),
        to="left_without_field_action",
        evidence="decided: no action",
        by=step.by,
        at=step.at,
    )
