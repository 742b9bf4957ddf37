"""Events of partners: captured word for word and taken over, as those of the interface are."""

from functools import partial
from uuid import uuid4

from engine.people.permissions import authorize
from engine.people.person import Person
from engine.serials.epcis.capture import capture_event
from engine.serials.errors import StoreChanged
from engine.serials.intake.documents import EVENT, loads
from engine.serials.intake.loading.staged import Loading
from engine.serials.models import EpcisCapture

TAKES_OUT = ("event.correct", "goods.scrap")


def load_epcis(loading: Loading) -> None:
    """Capture the events of a document; raises `StoreChanged` when one came meanwhile."""
    db, how, batch = loading.db, loading.how, loading.batch
    capture = EpcisCapture(
        uuid=uuid4(),
        person_id=how["by"].id if how["by"] else None,
        received_at=how["at"],
        error_behaviour="proceed",
        sha256=batch.file_sha256,
        errors=[],
    )
    db.add(capture)
    db.flush()
    for row, said in loading.rows():
        body = loads(said[EVENT])
        context = body.pop("@context")
        event = capture_event(
            db, capture, body, context=context, by=how["by"], at=how["at"],
            source=f"epcis:{batch.source}", asks=partial(_ask, how["by"]),
        )  # fmt: skip
        if event is None:
            raise StoreChanged
        capture.captured_count += 1
        loading.became([(row.line, event.id, event.event_id)])
    capture.success, capture.finished_at = True, how["at"]
    db.flush()


def _ask(by: Person | None, action: str) -> None:
    """Let whoever loads a file record what it says; taking out of the record asks its own action.

    Raises `NotAllowed`.
    """
    if by is not None and action in TAKES_OUT:
        authorize(by, action)
