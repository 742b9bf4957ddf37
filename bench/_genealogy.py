"""A maker of devices at full size: heat lots to consignees, loaded inside the database.

Heat lot, supplier lot, component lot, module, board, device, shipment, consignee. Of each device
four serials (device, board, battery, module) and 38 relations: 35 lots and three installs. A
component lot goes into as many pieces as a lognormal says; where any lot of a product changes, a
new run (segment) begins. Every fiftieth board was once in another device: a former host.

Everything is written that the commands would write (events and their links too), by INSERT…SELECT
over the runs; foreign keys are not checked and secondary indexes are built afterwards.
"""

# ruff: noqa: S608  tables and columns are named here, values are bound

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from sqlalchemy import Connection, Engine, Index, create_engine, text

from engine.db import Base, Database, create_schema, install_triggers
from engine.serials.models import CUSTODY, LINK_ROLE, USABILITY

WINDOW = 500  # serials of one product go into the next shuffled in windows of this many
SHIPPED_TOGETHER = 10
CONSIGNEES = 2_000
ONCE_ELSEWHERE = 50  # every so manieth board sat in another device first
WHEN = "'2026-03-02 08:00:00'"
SUBJECT, CARRIED = LINK_ROLE.code("subject"), LINK_ROLE.code("carried")
CONFORMING = USABILITY.code("conforming")
IN_HOUSE, IN_TRANSIT, AT_CONSIGNEE = map(CUSTODY.code, ("in_house", "in_transit", "at_consignee"))
# product: how many lots go into it, and after how many N its unit ids begin
PRODUCTS = {"device": (18, 0), "board": (8, 1), "battery": (4, 2), "module": (5, 3)}
STEPS = {"board": 143, "battery": 217, "module": 317}  # prime to the window: each shuffles it


@dataclass
class Made:
    """What was made, and for each lot how many devices it is in."""

    devices: int
    reach: dict[int, int] = field(default_factory=dict)
    runs: list[tuple[int, str, int, int]] = field(default_factory=list)  # id, product, first, last
    lots: list[tuple[int, int, str]] = field(default_factory=list)  # id, part, number
    edges: list[tuple[int, int]] = field(default_factory=list)
    everything: int = 0  # the heat lot that is in every device

    def near(self, wanted: int) -> int:
        """Return the lot whose devices are nearest to a number."""
        return min(self.reach, key=lambda lot: (abs(self.reach[lot] - wanted), lot))


def plan(devices: int, seed: int = 7) -> Made:
    """Decide lots, runs and edges; they are few, so they are made here."""
    draw = random.Random(seed)
    made = Made(devices)
    numbers = iter(range(1, 1 << 62))
    slots = [(product, slot) for product, (count, _) in PRODUCTS.items() for slot in range(count)]
    changes: dict[str, set[int]] = {product: {1} for product in PRODUCTS}
    laid: dict[tuple[str, int], list[tuple[int, int]]] = {}  # slot -> (first piece, lot)
    for part, (product, slot) in enumerate(slots, start=100):
        whole = (product, slot) == ("module", 0)  # this one is in every device, the long way
        laid[product, slot] = list(_lots(made, draw, part, numbers, devices, whole=whole))
        changes[product] |= {first for first, _ in laid[product, slot]}
    _suppliers(made, laid, numbers)
    for product, starts in changes.items():
        _runs(made, product, sorted(starts), laid, numbers)
    return made


def _lots(
    made: Made,
    draw: random.Random,
    part: int,
    numbers: Iterator[int],
    devices: int,
    *,
    whole: bool,
) -> Iterator[tuple[int, int]]:
    first = 1
    while first <= devices:
        size = devices if whole else round(min(max(draw.lognormvariate(6.2, 1.0), 60), 1e6))
        lot = next(numbers)
        made.lots.append((lot, part, f"C-{part}-{first:08}"))
        made.reach[lot] = min(size, devices - first + 1)
        yield first, lot
        first += size


def _suppliers(
    made: Made, laid: dict[tuple[str, int], list[tuple[int, int]]], numbers: Iterator[int]
) -> None:
    """Give each eight component lots of a part one supplier lot, each twenty of those one heat."""
    for part, lots in enumerate(laid.values(), start=200):
        below = [lot for _, lot in lots]
        for kind, many, of in (("S", 8, part), ("H", 20, part + 100)):
            above = []
            for start in range(0, len(below), many):
                lot = next(numbers)
                made.lots.append((lot, of, f"{kind}-{of}-{start:06}"))
                made.edges += [(lot, one) for one in below[start : start + many]]
                made.reach[lot] = sum(made.reach[one] for one in below[start : start + many])
                above.append(lot)
            below = above
        if len(lots) == 1 and made.reach[below[0]] == made.devices:
            made.everything = below[0]


def _runs(
    made: Made,
    product: str,
    starts: list[int],
    laid: dict[tuple[str, int], list[tuple[int, int]]],
    numbers: Iterator[int],
) -> None:
    slots = [lots for (of, _), lots in laid.items() if of == product]
    at = [0] * len(slots)
    for first, after in pairwise([*starts, made.devices + 1]):
        run = next(numbers)
        made.runs.append((run, product, first, after - 1))
        for place, lots in enumerate(slots):
            while at[place] + 1 < len(lots) and lots[at[place] + 1][0] <= first:
                at[place] += 1
            made.edges.append((lots[at[place]][1], run))


def shuffled(product: str, i: str, devices: int) -> str:
    """Return, as SQL, the piece of the next product that piece `i` goes into."""
    within = f"((({i} - 1) % {WINDOW}) * {STEPS[product]} + ({i} - 1) / {WINDOW} * 7) % {WINDOW}"
    start = f"({i} - 1) / {WINDOW} * {WINDOW}"
    return f"CASE WHEN {start} + {WINDOW} <= {devices} THEN 1 + {start} + {within} ELSE {i} END"


def load(url: str, made: Made, say: Callable[[str], None] = lambda what: None) -> Database:
    """Lay the schema, fill it, build the indexes; return the database, with statistics taken."""
    database = Database(url)
    create_schema(database.writer)
    engine = create_engine(url)
    sqlite = url.startswith("sqlite")
    with engine.connect() as connection:
        if sqlite:
            for pragma in ("foreign_keys=OFF", "synchronous=OFF", "journal_mode=WAL"):
                connection.exec_driver_sql(f"PRAGMA {pragma}")
        else:  # no trigger looks at what is loaded: foreign keys are triggers
            connection.exec_driver_sql("SET session_replication_role = replica")
            connection.exec_driver_sql("SET maintenance_work_mem = '256MB'")
        percent = "%" if sqlite else "%%"  # a driver's place for a parameter
        late = _drop_indexes(connection)
        for what, statement, rows in _statements(made, sqlite=sqlite):
            if rows:
                connection.execute(text(statement), rows)
            else:
                connection.exec_driver_sql(statement.replace("%", percent))
            say(what)
        if not sqlite:  # numbers were given: the next event goes on from them
            connection.exec_driver_sql("SELECT setval('event_id_seq', (SELECT max(id) FROM event))")
        for index in late:
            index.create(connection)
        say("indexes")
        install_triggers(connection)
        connection.commit()
    _settle(engine, sqlite=sqlite)
    engine.dispose()
    say("statistics")
    return database


def _drop_indexes(connection: Connection) -> list[Index]:
    filled = ("unit", "unit_root", "install", "event_link", "shipment_line", "edge", "event")
    late = [index for name in filled for index in Base.metadata.tables[name].indexes]
    for index in late:
        index.drop(connection)
    return late


def _settle(engine: Engine, *, sqlite: bool) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE" if sqlite else "VACUUM ANALYZE")


def _statements(made: Made, *, sqlite: bool) -> Iterator[tuple[str, str, list[dict[str, object]]]]:
    n = made.devices
    yes, no = ("1", "0") if sqlite else ("true", "false")
    random_id = "lower(hex(randomblob(16)))" if sqlite else "gen_random_uuid()"
    run_count = len(made.runs)
    shipments = n // SHIPPED_TOGETHER
    parts = {"device": 1, "board": 2, "battery": 3, "module": 4}
    yield "parties", _numbered(
        CONSIGNEES + 1, "party (id, code, kind, name, country)",
        "i, 'P-' || i, CASE WHEN i = 1 THEN 'site' ELSE 'consignee' END, 'Party ' || i,"
        " CASE i % 3 WHEN 0 THEN 'DE' WHEN 1 THEN 'CN' ELSE 'US' END",
        sqlite=sqlite,
    ), []  # fmt: skip
    yield "places", _numbered(
        CONSIGNEES + 1, "location (id, party_id, code, name, kind)",
        "i, i, 'L-' || i, 'Place ' || i, CASE WHEN i = 1 THEN 'warehouse' ELSE 'consignee' END",
        sqlite=sqlite,
    ), []  # fmt: skip
    all_parts = [(number, name, "serial") for name, number in parts.items()]
    all_parts += [(number, f"part {number}", "lot") for number in {lot[1] for lot in made.lots}]
    yield (
        "parts",
        (
            "INSERT INTO part (id, manufacturer_id, part_no, name, kind, control, uom, is_released)"
            f" VALUES (:id, 1, :name, :name, 'component', :control, 'pcs', {no})"
        ),
        [{"id": i, "name": name, "control": control} for i, name, control in all_parts],
    )
    nodes = [{"id": lot[0], "kind": "lot"} for lot in made.lots]
    nodes += [{"id": run[0], "kind": "segment"} for run in made.runs]
    yield "nodes", "INSERT INTO trace_node (id, kind) VALUES (:id, :kind)", nodes
    yield (
        "lots",
        (
            "INSERT INTO lot (id, part_id, manufacturer_id, lot_no, is_unknown, is_released)"
            f" VALUES (:id, :part, 1, :number, {no}, {yes})"
        ),
        [{"id": i, "part": part, "number": number} for i, part, number in made.lots],
    )
    # event 1: what was before; then one per run, then one per shipment, then one removal
    yield "events", _numbered(
        1 + run_count + shipments + 1,
        "event (id, uuid, recording, type, event_at, recorded_at, source, payload)",
        f"i, {random_id}, {random_id}, CASE WHEN i = 1 THEN 'received'"
        f" WHEN i <= {1 + run_count} THEN 'built' WHEN i <= {1 + run_count + shipments}"
        f" THEN 'shipped' ELSE 'removed' END, {WHEN}, {WHEN}, 'bench', '{{}}'",
        sqlite=sqlite,
    ), []  # fmt: skip
    yield (
        "runs to fill",
        (
            "CREATE TEMP TABLE run (id bigint, part bigint, base bigint, first bigint, last bigint,"
            " event bigint)"
        ),
        [],
    )
    yield "runs to fill", (
        "INSERT INTO run VALUES (:id, :part, :base, :first, :last, :event)"
    ), [
        {
            "id": run, "part": parts[product], "base": PRODUCTS[product][1] * n,
            "first": first, "last": last, "event": 2 + place,
        }
        for place, (run, product, first, last) in enumerate(made.runs)
    ]  # fmt: skip
    yield (
        "segments",
        (
            "INSERT INTO segment (id, part_id, site_id, work_order, from_at, to_at, event_id)"
            f" SELECT id, part, 1, 'WO-' || id, {WHEN}, {WHEN}, event FROM run"
        ),
        [],
    )
    yield (
        "edges",
        ("INSERT INTO edge (inp, out, event_id) VALUES (:inp, :out, 1)"),
        [{"inp": inp, "out": out} for inp, out in made.edges],
    )
    yield from _filled(made, sqlite=sqlite, yes=yes, no=no)


def _filled(
    made: Made, *, sqlite: bool, yes: str, no: str
) -> Iterator[tuple[str, str, list[dict[str, object]]]]:
    n, run_count = made.devices, len(made.runs)
    shipments = n // SHIPPED_TOGETHER
    if sqlite:
        yield "numbers", "CREATE TEMP TABLE number (i INTEGER PRIMARY KEY)", []
        yield "numbers", _numbered(n, "number (i)", "i", sqlite=sqlite), []
        pieces = "run r CROSS JOIN number g ON g.i BETWEEN r.first AND r.last"
        piece = "g.i"
    else:
        pieces = "run r CROSS JOIN LATERAL generate_series(r.first, r.last) g(i)"
        piece = "g.i"
    # what device a piece is in, whatever it is
    board, battery = shuffled("board", piece, n), shuffled("battery", piece, n)
    module = shuffled("module", piece, n)
    device = (
        f"CASE r.part WHEN 1 THEN {piece} WHEN 2 THEN {board} WHEN 3 THEN {battery}"
        f" ELSE {shuffled('board', f'({module})', n)} END"
    )
    consignee = _consignee(f"(({device} - 1) / {SHIPPED_TOGETHER})")
    sent = f"{device} <= {shipments * SHIPPED_TOGETHER}"
    yield (
        "units",
        (
            "INSERT INTO unit (id, part_id, serial, seg_id, custody, usability, location_id,"
            " is_released, version)"
            f" SELECT r.base + {piece}, r.part, CASE r.part WHEN 1 THEN 'D' WHEN 2 THEN 'B' WHEN 3"
            f" THEN 'A' ELSE 'M' END || substr(CAST(100000000 + {piece} AS text), 2), r.id,"
            f" CASE WHEN {sent} THEN {AT_CONSIGNEE} ELSE {IN_HOUSE} END, {CONFORMING},"
            f" CASE WHEN {sent} THEN {consignee} ELSE 1 END, {yes}, 1 FROM {pieces}"
        ),
        [],
    )
    yield (
        "roots",
        (
            "INSERT INTO unit_root (unit_id, root_id, seg_id, has_past)"
            f" SELECT r.base + {piece}, {device}, r.id, CASE r.part"
            f" WHEN 2 THEN {piece} % {ONCE_ELSEWHERE} = 0"
            f" WHEN 4 THEN {module} % {ONCE_ELSEWHERE} = 0 ELSE {no} END FROM {pieces}"
        ),
        [],
    )
    yield (
        "installs",
        (
            "INSERT INTO install (child_id, host_id, from_event_id)"
            f" SELECT r.base + {piece}, CASE r.part WHEN 2 THEN {board} WHEN 3 THEN {battery}"
            f" ELSE {n} + {module} END, r.event FROM {pieces} WHERE r.part <> 1"
        ),
        [],
    )
    yield (
        "former installs",
        (
            "INSERT INTO install (child_id, host_id, from_event_id, to_event_id)"
            f" SELECT r.base + {piece}, 1 + {board} % {n}, r.event, {2 + run_count + shipments}"
            f" FROM {pieces} WHERE r.part = 2 AND {piece} % {ONCE_ELSEWHERE} = 0"
        ),
        [],
    )
    yield (
        "links of what was built",
        (
            "INSERT INTO event_link (unit_id, event_id, role, custody, usability, location_id)"
            f" SELECT r.base + {piece}, r.event, {SUBJECT}, {IN_HOUSE}, {CONFORMING}, 1"
            f" FROM {pieces}"
        ),
        [],
    )
    yield (
        "links of what was shipped",
        (
            "INSERT INTO event_link (unit_id, event_id, role, custody, location_id)"
            f" SELECT r.base + {piece}, {2 + run_count} + ({device} - 1) / {SHIPPED_TOGETHER},"
            f" CASE r.part WHEN 1 THEN {SUBJECT} ELSE {CARRIED} END, {IN_TRANSIT}, {consignee}"
            f" FROM {pieces} WHERE {sent}"
        ),
        [],
    )
    to = _consignee("(i - 1)")
    yield "shipments", _numbered(
        shipments,
        "shipment (id, consignee_id, location_id, shipped_at, document_no, event_id)",
        f"i, {to}, {to}, {WHEN}, 'DN-' || i, {1 + run_count} + i",
        sqlite=sqlite,
    ), []  # fmt: skip
    yield "shipment lines", _numbered(
        shipments * SHIPPED_TOGETHER,
        "shipment_line (shipment_id, unit_id, tranche_id, event_id)",
        f"1 + (i - 1) / {SHIPPED_TOGETHER}, i, 0,"
        f" {2 + run_count} + (i - 1) / {SHIPPED_TOGETHER}",
        sqlite=sqlite,
    ), []  # fmt: skip


def _consignee(shipment: str) -> str:
    """Return, as SQL, who gets a shipment: few get most of them."""
    share = f"(({shipment} * 7919 + 13) % 10007 + 1)"
    return f"2 + ({share} * {share} / 10007) * {share} / 10007 * {CONSIGNEES - 1} / 10008"


def _numbered(count: int, into: str, values: str, *, sqlite: bool) -> str:
    numbers = (
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
        if sqlite
        else f"WITH n(i) AS (SELECT generate_series(1, CAST({count} AS bigint)))"
    )
    return f"INSERT INTO {into} {numbers} SELECT {values} FROM n"
