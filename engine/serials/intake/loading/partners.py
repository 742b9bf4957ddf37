"""Events of partners: captured word for word and taken over, as those of the interface are."""

from uuid import uuid4

from engine.serials.epcis.capture import capture_event
from engine.serials.errors import StoreChanged
from engine.serials.intake.documents import EVENT, loads
from engine.serials.intake.loading.staged import Loading
from engine.serials.models import EpcisCapture


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
            source=f"epcis:{batch.source}",
        )  # fmt: skip
        if event is None:
            raise StoreChanged
        capture.captured_count += 1
        loading.became([(row.line, event.id, event.event_id)])
    capture.success, capture.finished_at = True, how["at"]
    db.flush()
