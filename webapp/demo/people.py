"""The people of the demo company: who they are, what they do, how they came to their roles."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from engine.db import Database
from engine.people import accounts, delegations, grants, qualifications
from engine.people.accounts import NewPerson
from engine.people.founding import Founder, found
from engine.people.person import Person
from engine.people.queries import account_named, person_of
from engine.people.roles import role_of

PASSWORD = "four grey herons at dawn"  # noqa: S105  printed at every start: the company is invented
FIRST_PASSWORD = "a slip of paper to tear up"  # noqa: S105  given by the administrator, then changed

JENA, SUZHOU = "Jena", "Suzhou"
ZONES = {JENA: "Europe/Berlin", SUZHOU: "Asia/Shanghai"}


@dataclass(frozen=True)
class Colleague:
    """One person of the company."""

    user_name: str
    printed_name: str
    title: str
    roles: tuple[str, ...]
    site: str = JENA
    language: str = "en"

    @property
    def account(self) -> NewPerson:
        """Return what the administrator writes down."""
        return NewPerson(
            user_name=self.user_name,
            printed_name=self.printed_name,
            title=self.title,
            email=f"{self.user_name}@fenwarden.example",
            language=self.language,
            time_zone=ZONES[self.site],
            site=self.site,
        )


ADMINISTRATOR = Colleague(
    "tomas.lindqvist", "Tomas Lindqvist", "IT systems administrator", ("administrator",)
)
QUALITY = Colleague("helen.ashworth", "Helen Ashworth", "Head of quality", ("qa_manager",))
SECOND_QUALITY = Colleague(
    "lin.yaqin",
    "林雅琴 Lin Yaqin",
    "General manager, management representative",
    ("management_representative", "executive"),
    SUZHOU,
    "zh",
)
COLLEAGUES = (
    ADMINISTRATOR,
    QUALITY,
    SECOND_QUALITY,
    Colleague("mia.hoffmann", "Mia Hoffmann", "Quality technician", ("qa_technician",)),
    Colleague("daniel.brandt", "Daniel Brandt", "Quality engineer", ("qa_engineer",)),
    Colleague(
        "chen.xiaoyu", "陈晓宇 Chen Xiaoyu", "Quality engineer", ("qa_engineer",), SUZHOU, "zh"
    ),
    Colleague("petra.nowak", "Petra Nowak", "Final inspection", ("inspector",)),
    Colleague("lukas.fiedler", "Lukas Fiedler", "Production lead, pumps", ("production",)),
    Colleague(
        "sun.guoqiang", "孙国强 Sun Guoqiang", "Clean room lead", ("production",), SUZHOU, "zh"
    ),
    Colleague("marek.zielinski", "Marek Zieliński", "Warehouse lead", ("warehouse",)),
    Colleague(
        "huang.li",
        "黄丽 Huang Li",
        "Warehouse and in-process inspection",
        ("warehouse", "qa_technician"),
        SUZHOU,
        "zh",
    ),
    Colleague("ingrid.solberg", "Ingrid Solberg", "Board: quality", ("mrb_quality",)),
    Colleague("rafael.moreno", "Rafael Moreno", "Design engineer, pumps", ("mrb_engineering",)),
    Colleague(
        "zhang.haoran",
        "张浩然 Zhang Haoran",
        "Manufacturing engineer",
        ("mrb_manufacturing",),
        SUZHOU,
        "zh",
    ),
    Colleague("claire.dumont", "Dr Claire Dumont", "Medical director", ("medical_reviewer",)),
    Colleague("sofia.lindgren", "Sofia Lindgren", "Regulatory affairs", ("regulatory_affairs",)),
    Colleague("georg.altmann", "Georg Altmann", "Person responsible under the MDR", ("prrc",)),
    Colleague(
        "oliver.grant",
        "Oliver Grant",
        "Supplier quality and incoming inspection",
        ("supplier_quality", "inspector"),
    ),
    Colleague("ines.kruger", "Ines Krüger", "Purchasing", ("purchasing",)),
    Colleague(
        "nora.byrne",
        "Nora Byrne",
        "Complaints and customer service",
        ("complaint_handler", "customer_service"),
    ),
    Colleague("tom.hadley", "Tom Hadley", "Field service engineer", ("field_service",)),
    Colleague("agnes.keller", "Agnes Keller", "Internal auditor", ("auditor",)),
)
# what a person is trained for, and after how many days the training ends (None: never)
TRAINED = (
    ("petra.nowak", "final_inspection", "Training record TR-0417", 730),
    ("petra.nowak", "electrical_safety_test", "Training record TR-0418", 330),
    ("oliver.grant", "incoming_inspection", "Training record TR-0388", 730),
    ("oliver.grant", "supplier_auditor", "Certificate SA-2025-11", None),
    ("lukas.fiedler", "soldering_class_3", "Certificate IPC-3321", 320),
    ("sun.guoqiang", "clean_room_gowning", "Training record TR-1102", 365),
    ("huang.li", "hazardous_waste", "Training record TR-1140", 365),
    ("marek.zielinski", "hazardous_waste", "Training record TR-0290", 365),
    ("claire.dumont", "health_hazard_evaluation", "Curriculum vitae, licence on file", None),
    ("ingrid.solberg", "review_board", "Training record TR-0230", None),
    ("rafael.moreno", "review_board", "Training record TR-0231", None),
    ("zhang.haoran", "review_board", "Training record TR-1009", None),
)


class Staff:
    """The company's people once they are hired, each with the roles they hold at a moment."""

    def __init__(self, database: Database) -> None:
        """Look people up in `database`, as they are at the moment asked for."""
        self._database = database

    def acting(self, user_name: str, *, at: datetime) -> Person:
        """Return a person as commands see them at `at`."""
        with self._database.read() as db:
            account = account_named(db, user_name)
            if account is None:
                raise LookupError(user_name)
            return person_of(db, account.id, at=at)


def hire(database: Database, *, at: datetime) -> None:
    """Found the company and give everyone an account, a password of their own and their roles.

    Two people stand behind every role that decides: the administrator grants, quality confirms.
    """
    with database.begin() as db:
        found(
            db,
            administrator=Founder(ADMINISTRATOR.account, FIRST_PASSWORD, "Passport seen"),
            quality=Founder(QUALITY.account, FIRST_PASSWORD, "Passport seen"),
            at=at,
        )
        _own_password(db, ADMINISTRATOR, at=at + timedelta(minutes=5))
        _own_password(db, QUALITY, at=at + timedelta(minutes=9))
    with database.begin() as db:
        for place, colleague in enumerate(COLLEAGUES[2:]):
            _hire(db, colleague, at=at + timedelta(minutes=20 * (place + 1)))
    with database.begin() as db:
        _train(db, at=at + timedelta(days=2))


def lend(database: Database, *, at: datetime) -> None:
    """Let Sofia Lindgren lend her role to the person responsible while she is on leave."""
    with database.begin() as db:
        sofia, georg = _person(db, "sofia.lindgren", at), _person(db, "georg.altmann", at)
        delegations.delegate(
            db,
            principal_id=sofia.id,
            delegate_id=georg.id,
            role="regulatory_affairs",
            starts_at=at,
            ends_at=at + timedelta(days=14),
            reason="Annual leave; urgent attestations only.",
            by=sofia,
            at=at,
        )


def _hire(db: Session, colleague: Colleague, *, at: datetime) -> None:
    manager = _person(db, ADMINISTRATOR.user_name, at)
    quality = _person(db, QUALITY.user_name, at)
    account = accounts.open_account(db, colleague.account, by=manager, at=at)
    accounts.set_password(db, account.id, FIRST_PASSWORD, by=manager, at=at)
    _own_password(db, colleague, at=at + timedelta(minutes=4))
    accounts.verify_identity(
        db, account.id, evidence="Identity card seen", by=quality, at=at + timedelta(minutes=8)
    )
    for place, role in enumerate(colleague.roles):
        moment = at + timedelta(minutes=10 + 4 * place)
        grant = grants.grant_role(db, account.id, role, by=manager, at=moment)
        if role_of(role).is_signing:
            moment += timedelta(minutes=3)
            grants.confirm_role(db, grant.id, by=quality, at=moment)


def _own_password(db: Session, colleague: Colleague, *, at: datetime) -> None:
    accounts.change_password(
        db,
        current=FIRST_PASSWORD,
        new=PASSWORD,
        by=_person(db, colleague.user_name, at),
        session_id=None,
        at=at,
    )


def _train(db: Session, *, at: datetime) -> None:
    quality = _person(db, QUALITY.user_name, at)
    for user_name, code, evidence, days in TRAINED:
        qualifications.record_qualification(
            db,
            _person(db, user_name, at).id,
            code,
            evidence=evidence,
            valid_from=at,
            expires_at=at + timedelta(days=days) if days else None,
            by=quality,
            at=at,
        )


def _person(db: Session, user_name: str, at: datetime) -> Person:
    account = account_named(db, user_name)
    if account is None:
        raise LookupError(user_name)
    return person_of(db, account.id, at=at)


def first_with(role: str) -> str:
    """Return the user name of the colleague who does this role's work first."""
    return next(one.user_name for one in COLLEAGUES if role in one.roles)


def table() -> list[str]:
    """Return the lines that tell a visitor whom to sign in as."""
    lines = []
    for one in COLLEAGUES:
        roles = ", ".join(role_of(code).en for code in one.roles)
        lines.append(f"  {one.user_name:<17} {one.printed_name:<26} {roles}")
    return lines
