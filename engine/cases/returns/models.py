"""Leave to return in a recall, what was received under it, and what was put right in the field."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, Ref, only_grows
from engine.serials.models.axes import one_of
from engine.words import N_

CONDITIONS = {
    "sealed": N_("Sealed, not opened"),
    "opened": N_("Opened, not used"),
    "used": N_("Used"),
    "damaged": N_("Damaged"),
    "contaminated": N_("Contaminated or not decontaminated"),
}
# what a line of a receipt turned out to be, the worst first
FINDINGS = {
    "unknown": N_("No such serial or lot is recorded: the number may be wrong"),
    "not_on_list": N_("Not in this recall"),
    "already_returned": N_("Already with us: the number may be wrong"),
    "of_another_consignee": N_("With another consignee, as far as we knew"),
    "more_than_there": N_("More than lies there, as far as we knew"),
    "expected": N_("As expected"),
}
CORRECTION_KINDS = {
    "software": N_("Software"),
    "label": N_("Label or instructions"),
    "part": N_("Part"),
}


class ReturnAuthorisation(Base):
    """Leave for one consignee to send back what a recall affects, under a number of its own."""

    __tablename__ = "return_authorisation"
    __table_args__ = (
        CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_reason IS NULL)", name="withdrawn_with_reason"
        ),
        Index("ix_return_authorisation_case", "case_id", "party_id"),
    )

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"))
    party_id: Mapped[Ref] = mapped_column(ForeignKey("party.id"))
    number: Mapped[str] = mapped_column(unique=True)  # RMA-2026-0012
    location_id: Mapped[Ref] = mapped_column(ForeignKey("location.id"))  # where it is to arrive
    instructions: Mapped[str]
    issued_by_id: Mapped[Ref]
    issued_at: Mapped[datetime]
    withdrawn_by_id: Mapped[Ref | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str | None]


class ReturnReceipt(Base):
    """One parcel as it was opened: from whom, where, and the event that moved what was in it."""

    __tablename__ = "return_receipt"
    __table_args__ = (Index("ix_return_receipt_case", "case_id", "id"),)

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"))
    authorisation_id: Mapped[Ref | None] = mapped_column(ForeignKey("return_authorisation.id"))
    party_id: Mapped[Ref | None] = mapped_column(ForeignKey("party.id"))  # None: nobody knows
    location_id: Mapped[Ref] = mapped_column(ForeignKey("location.id"))
    event_id: Mapped[Ref | None]  # None: nothing in it could be identified or had to move
    photo_id: Mapped[Ref | None]  # a document of the case
    by_id: Mapped[Ref]
    at: Mapped[datetime]


class ReturnLine(Base):
    """One unit or quantity of a receipt: what it is, its condition, and what was noted of it."""

    __tablename__ = "return_line"
    __table_args__ = (
        CheckConstraint("unit_id IS NULL OR lot_id IS NULL", name="unit_or_lot"),
        CheckConstraint(
            "(finding = 'unknown') = (unit_id IS NULL AND lot_id IS NULL)",
            name="unknown_names_nothing",
        ),
        CheckConstraint("quantity > 0", name="quantity_above_zero"),
        one_of("condition", CONDITIONS),
        one_of("finding", FINDINGS),
        Index("ix_return_line_receipt", "receipt_id"),
        Index("ix_return_line_unit", "unit_id"),
    )

    id: Mapped[Key]
    receipt_id: Mapped[Ref] = mapped_column(ForeignKey("return_receipt.id"))
    said: Mapped[str]  # as it was scanned
    unit_id: Mapped[Ref | None]
    lot_id: Mapped[Ref | None]
    quantity: Mapped[Decimal]
    condition: Mapped[str]
    finding: Mapped[str]
    other_cases: Mapped[str | None]  # the numbers of other recalls that count it too
    remark: Mapped[str | None]


class FieldCorrection(Base):
    """What was done to one unit where it is; it counts once a second person has read it too."""

    __tablename__ = "field_correction"
    __table_args__ = (
        one_of("kind", CORRECTION_KINDS),
        CheckConstraint("(verified_by_id IS NULL) = (verified_at IS NULL)", name="verified_by_one"),
        CheckConstraint("verified_by_id IS NULL OR verified_by_id <> by_id", name="by_another"),
        CheckConstraint(
            "(supersedes_id IS NULL) = (again_because IS NULL)", name="again_with_reason"
        ),
        Index("ix_field_correction_case", "case_id", "unit_id"),
    )

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"))
    unit_id: Mapped[Ref]
    kind: Mapped[str]
    done: Mapped[str]  # what was done
    reading: Mapped[str]  # what the unit then says: version, label revision, part and lot
    # one that waited for its second reading and was done again
    supersedes_id: Mapped[Ref | None] = mapped_column(
        ForeignKey("field_correction.id"), unique=True
    )
    again_because: Mapped[str | None]
    # why it was corrected where it is though the decided action is another
    although_because: Mapped[str | None]
    event_id: Mapped[Ref]
    evidence_id: Mapped[Ref | None]  # a document of the case
    by_id: Mapped[Ref]
    at: Mapped[datetime]
    verified_by_id: Mapped[Ref | None]
    verified_at: Mapped[datetime | None]


class CorrectionReading(Base):
    """A second reading that differs from the first: what was read, and why it was read again."""

    __tablename__ = "correction_reading"
    __table_args__ = (Index("ix_correction_reading_correction", "correction_id"),)

    id: Mapped[Key]
    correction_id: Mapped[Ref] = mapped_column(ForeignKey("field_correction.id"))
    reading: Mapped[str]
    again_because: Mapped[str | None]  # where the same person had read it before
    by_id: Mapped[Ref]
    at: Mapped[datetime]


only_grows(CorrectionReading)
only_grows(ReturnAuthorisation, but=("withdrawn_by_id", "withdrawn_at", "withdrawn_reason"))
only_grows(ReturnReceipt)
only_grows(ReturnLine)
only_grows(FieldCorrection, but=("verified_by_id", "verified_at"))
