"""What changes seldom: parties, their locations, parts, and where a part may be sold."""

from datetime import date

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, locks_fields
from engine.serials.models.axes import Exact, PartRef, PartyRef, one_of
from engine.words import N_

PARTY_KINDS = {
    "site": N_("Own site"),
    "manufacturer": N_("Manufacturer"),
    "supplier": N_("Supplier"),
    "third_party": N_("Third party (steriliser, contract maker, warehouse)"),
    "distributor": N_("Distributor"),
    "consignee": N_("Consignee"),
    "economic_operator": N_("Economic operator"),
    "authority": N_("Authority"),
}
LOCATION_KINDS = {
    "warehouse": N_("Warehouse"),
    "quarantine": N_("Quarantine area"),
    "line": N_("Production line"),
    "laboratory": N_("Laboratory"),
    "transit": N_("In transit"),
    "third_party": N_("Third party"),
    "consignee": N_("Consignee"),
}
CONTROLS = {"serial": N_("By serial number"), "lot": N_("By lot")}
PART_KINDS = {
    "device": N_("Finished device"),
    "component": N_("Component"),
    "material": N_("Material"),
    "packaging": N_("Packaging"),
}
ISSUERS = {"gs1": "GS1", "hibcc": "HIBCC", "iccbba": "ICCBBA"}


class Party(Base):
    """One organisation: who makes, supplies, keeps or receives."""

    __tablename__ = "party"
    __table_args__ = (one_of("kind", PARTY_KINDS),)

    id: Mapped[Key]
    code: Mapped[Exact] = mapped_column(unique=True)  # our number for it: customer, supplier
    kind: Mapped[str]
    name: Mapped[str]
    gln: Mapped[str | None] = mapped_column(unique=True)
    country: Mapped[str | None]  # ISO 3166-1 alpha-2
    language: Mapped[str | None]
    address: Mapped[str | None]
    email: Mapped[str | None]
    telephone: Mapped[str | None]


class Location(Base):
    """One place of a party: a bin, an area, a line, a hospital's store."""

    __tablename__ = "location"
    __table_args__ = (one_of("kind", LOCATION_KINDS), Index("ix_location_party", "party_id"))

    id: Mapped[Key]
    party_id: Mapped[PartyRef]
    code: Mapped[Exact] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str]


class Part(Base):
    """One part number of one manufacturer, controlled by serial number or by lot."""

    __tablename__ = "part"
    __table_args__ = (
        UniqueConstraint("manufacturer_id", "part_no"),
        UniqueConstraint("issuer", "di"),
        CheckConstraint("(di IS NULL) = (issuer IS NULL)", name="di_names_its_issuer"),
        one_of("control", CONTROLS),
        one_of("kind", PART_KINDS),
        one_of("issuer", ISSUERS),
        Index("ix_part_di", "di"),
        Index("ix_part_part_no", "part_no"),
    )

    id: Mapped[Key]
    manufacturer_id: Mapped[PartyRef]
    part_no: Mapped[Exact]
    name: Mapped[str]
    name_zh: Mapped[str | None]
    revision: Mapped[str | None]
    kind: Mapped[str]
    control: Mapped[str]
    uom: Mapped[str] = mapped_column(default="pcs")
    issuer: Mapped[str | None]
    di: Mapped[Exact | None]  # UDI-DI; for GS1 a GTIN of 14 digits
    is_released: Mapped[bool] = mapped_column(default=False)


class MarketAuthorisation(Base):
    """Leave to sell one part in one country, and who answers for it there."""

    __tablename__ = "market_authorisation"
    __table_args__ = (
        UniqueConstraint("part_id", "country", "licence_no"),
        CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="ends_after_it"),
    )

    id: Mapped[Key]
    part_id: Mapped[PartRef]
    country: Mapped[str]
    licence_kind: Mapped[str]  # 510k, 注册证, ca_licence, ce_certificate, …
    licence_no: Mapped[str]
    holder_id: Mapped[PartyRef]
    agent_id: Mapped[PartyRef | None]
    authorised_representative_id: Mapped[PartyRef | None]
    importer_id: Mapped[PartyRef | None]
    srn: Mapped[str | None]
    registration_no: Mapped[str | None]
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]


class ExternalId(Base):
    """The name another system gives to one of our rows."""

    __tablename__ = "external_id"
    __table_args__ = (
        UniqueConstraint("source", "entity", "value"),
        Index("ix_external_id_value", "value"),
        Index("ix_external_id_entity", "entity", "entity_id"),
    )

    id: Mapped[Key]
    source: Mapped[str]  # "erp", "mes", "supplier:SUP-014"
    entity: Mapped[str]  # party, location, part, lot, unit
    entity_id: Mapped[int]
    value: Mapped[Exact]


locks_fields(
    Part,
    ("manufacturer_id", "part_no", "control", "issuer", "di", "is_released"),
    when="OLD.is_released",
)
