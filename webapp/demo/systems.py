"""The systems of the demo company and of a partner, let in with tokens that it prints."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.evidence.store import write_durably
from engine.people import grants, service_accounts, tokens
from engine.serials.models import Location, Part, Unit
from webapp.create_app import create_app
from webapp.demo import catalogue as cat
from webapp.demo.people import ADMINISTRATOR
from webapp.demo.stage import Stage

FILE = "tokens"  # in the folder of the demo: a real company shows a token once and keeps none
LASTS = timedelta(days=180)


@dataclass(frozen=True)
class System:
    """One system, who answers for it, its roles and what its token is for."""

    user_name: str
    name: str
    purpose: str
    responsible: str
    roles: tuple[str, ...]
    scopes: tuple[str, ...]


SYSTEMS = (
    System(
        "erp",
        "ERP",
        "Parties, parts, orders and shipments",
        "marek.zielinski",
        ("customer_service", "purchasing", "warehouse"),
        (
            "master.read",
            "master.write",
            "units.read",
            "events.write",
            "cases.read",
            "trace.read",
            "trace.run",
        ),
    ),
    System(
        "mes",
        "MES",
        "Receipts, builds, installs and tests of pump line 1",
        "lukas.fiedler",
        ("production", "inspector"),
        ("master.read", "units.read", "events.write", "gate.check"),
    ),
    System(
        "wms",
        "WMS 仓库系统",
        "Stock, moves and the gate of both warehouses · 两地仓库的库存、移库与关口",
        "huang.li",
        ("warehouse",),
        ("units.read", "events.write", "gate.check", "holds.read"),
    ),
    System(
        "qms",
        "QMS 质量管理系统",
        "Corrections that quality decided · 质量部门决定的更正",
        "daniel.brandt",
        ("qa_engineer",),
        ("units.read", "events.write"),
    ),
    System(
        "partner",
        "EPCIS",
        "EPCIS events of hospitals and distributors · 医院与分销商的 EPCIS 事件",
        "marek.zielinski",
        ("customer_service",),
        ("epcis.capture", "epcis.read"),
    ),
)


def let_in(stage: Stage) -> None:
    """Open the accounts, make the tokens, keep them in the demo's folder, and use them a little."""
    made = {one.user_name: _let_in(stage, one) for one in SYSTEMS}
    folder: Path = stage.holdfast.settings.folder
    lines = "".join(f"{name} {token}\n" for name, token in made.items())
    write_durably(folder / FILE, lines.encode())
    _use(stage, made)


def told(folder: Path) -> list[str]:
    """Return what the demo prints of its systems: account, token."""
    path = folder / FILE
    rows = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    return [
        f"  {name:<17} {token}" for name, _, token in (row.partition(" ") for row in rows) if token
    ]


def _let_in(stage: Stage, system: System) -> str:
    by, at = stage.who(ADMINISTRATOR.user_name), stage.at
    with stage.holdfast.database.begin() as db:
        account = service_accounts.open_service_account(
            db,
            system.user_name,
            system.name,
            purpose=system.purpose,
            responsible_id=stage.who(system.responsible).id,
            by=by,
            at=at,
        )
        for role in system.roles:
            grants.grant_role(db, account.person_id, role, by=by, at=at)
        made = tokens.make_token(
            db,
            account.person_id,
            name=system.purpose.partition(" · ")[0],
            scopes=system.scopes,
            expires_at=at + LASTS,
            by=by,
            at=at,
        )
    return made.token


def _use(stage: Stage, made: dict[str, str]) -> None:
    """Let each ask something, so that the log shows what was done and what was refused."""
    client = create_app(stage.holdfast).test_client(use_cookies=False)

    def ask(who: str, method: str, address: str, body: Any) -> None:
        headers = {
            "Authorization": f"Bearer {made[who]}",
            "Idempotency-Key": f"demo-{who}-{address}-{len(str(body))}",
        }
        client.open(f"/api/v1{address}", method=method, json=body, headers=headers)

    new = {"code": "DE-90", "name": "Rheinklinik Adlerau", "kind": "consignee", "country": "DE"}
    place = {
        "party": "DE-90",
        "code": "DE-90-S",
        "name": "Rheinklinik Adlerau",
        "kind": "consignee",
    }
    serial = stage.reads(_in_stores)
    moved = {"units": [{"serial": serial}], "location": cat.STORES}
    passed = {"units": [{"part_no": cat.V3, "serial": serial}], "outcome": "passed"}
    with clock.at(stage.at):
        ask("mes", "POST", "/parties", new)  # without the scope
        ask("wms", "POST", "/events/moved", {**moved, "units": [{"serial": "NOT-OURS"}]})
        ask("erp", "POST", "/parties", new)
        ask("erp", "POST", "/locations", place)
        ask("mes", "POST", "/events/tested", passed)
        ask("wms", "POST", "/events/moved", moved)


def _in_stores(db: Session) -> str | None:
    """Return the newest pump that lies free in our stores."""
    rows = (
        select(Unit.serial)
        .join(Part, Part.id == Unit.part_id)
        .join(Location, Location.id == Unit.location_id)
        .where(Part.part_no == cat.V3, Location.code == cat.STORES, Unit.custody == "in_house")
    )
    return db.scalars(rows.order_by(Unit.id.desc())).first()
