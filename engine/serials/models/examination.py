"""What was looked at and measured: inspections, tests, and the certificates that say so."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, only_grows
from engine.serials.models.axes import EventRef, Exact, PartRef, PartyRef, one_of
from engine.words import N_

EXAMINATIONS = {"inspection": N_("Inspection"), "test": N_("Test")}
OUTCOMES = {
    "passed": N_("Passed"),
    "sorted": N_("Passed after sorting"),
    "failed": N_("Failed"),
}
CERTIFICATES = {
    "conformity": N_("Certificate of conformity"),
    "material": N_("Material certificate"),
    "sterilisation": N_("Sterilisation certificate"),
    "calibration": N_("Calibration certificate"),
    "destruction": N_("Destruction certificate"),
    "test_report": N_("Test report"),
}


class Examination(Base):
    """One inspection or test: what came out, on how many; what it was of are its event's links."""

    __tablename__ = "examination"
    __table_args__ = (
        one_of("kind", EXAMINATIONS),
        one_of("outcome", OUTCOMES),
        CheckConstraint("sample_size IS NULL OR sample_size > 0", name="looked_at_some"),
        CheckConstraint(
            "failed_count IS NULL OR failed_count <= sample_size", name="failed_of_sample"
        ),
        Index("ix_examination_part", "part_id"),
        Index("ix_examination_outcome", "outcome", "event_id"),
    )

    event_id: Mapped[EventRef] = mapped_column(primary_key=True)
    kind: Mapped[str]
    part_id: Mapped[PartRef]
    outcome: Mapped[str]
    sample_size: Mapped[int | None]
    failed_count: Mapped[int | None]
    remark: Mapped[str | None]


class Measurement(Base):
    """One characteristic of an examination: its limits and what was measured, as written."""

    __tablename__ = "measurement"
    __table_args__ = (Index("ix_measurement_event", "event_id"),)

    id: Mapped[Key]
    event_id: Mapped[int] = mapped_column(ForeignKey("examination.event_id"))
    characteristic: Mapped[str]
    lower: Mapped[str | None]
    upper: Mapped[str | None]
    value: Mapped[str]
    uom: Mapped[str | None]
    is_met: Mapped[bool]


class Certificate(Base):
    """One certificate: its number, who gave it, and the fingerprint of the file that was kept."""

    __tablename__ = "certificate"
    __table_args__ = (
        one_of("kind", CERTIFICATES),
        Index("ix_certificate_number", "number"),
        Index("ix_certificate_file", "file_sha256"),
    )

    event_id: Mapped[EventRef] = mapped_column(primary_key=True)
    kind: Mapped[str]
    number: Mapped[Exact]
    issuer_id: Mapped[PartyRef]
    issued_on: Mapped[date | None]
    file_name: Mapped[str | None]
    file_sha256: Mapped[str | None]


only_grows(Examination)
only_grows(Measurement)
only_grows(Certificate)
