"""Recall contacts: who is reached how, and when another system says that somebody did."""

from engine.serials import contacts
from engine.serials.intake.loading.staged import Loading, noon
from engine.serials.record import How


def load_contacts(loading: Loading) -> None:
    """Describe contacts; those that were here and reached since are verified as of that day."""
    reason = loading.how.get("reason") or f"import {loading.batch.id}, {loading.batch.file_name}"
    how: How = {**loading.how, "in_import": True, "reason": reason}
    for row, said in loading.rows():
        contact = contacts.add_contact(
            loading.db,
            row.party_id or 0,
            role=said["role"],
            name=said["name"],
            channel=said["channel"],
            address=said["address"],
            language=said["language"],
            verified_at=noon(said.get("verified_on", ""), at=loading.how["at"]),
            **how,
        )
        loading.became([(row.line, contact.id, None)])
    for row, said in loading.rows("fill"):
        if reached := noon(said["verified_on"], at=loading.how["at"]):
            contacts.verified_elsewhere(loading.db, row.other_id or 0, reached, **how)
        loading.progress(1)
