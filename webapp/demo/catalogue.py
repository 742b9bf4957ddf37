"""Who the demo company buys from and sells to, and what: every name invented, every UDI-DI valid.

The device identifiers begin with 952, the prefix that GS1 keeps for demonstrations.
"""

from collections.abc import Sequence
from dataclasses import dataclass

COMPANY = "Fenwarden Infusion"
MAKER = "FENW"
MAKER_ADDRESS = "Am Mühlwehr 4, 07743 Jena, Germany"

# --- places ----------------------------------------------------------------------------------

RECEIVING, STORES, CAGE = "JENA-IN", "JENA-W", "JENA-Q"
LINE = "JENA-L1"
SUZHOU_STORES, SUZHOU_CAGE, CLEAN_ROOM = "SZ-W", "SZ-Q", "SZ-CR"
STERILISER = "ETHL-1"

# whose it is, our code for it, its name, its kind
PLACES = (
    (MAKER, STORES, "Jena, finished goods", "warehouse"),
    (MAKER, RECEIVING, "Jena, incoming goods", "warehouse"),
    (MAKER, CAGE, "Jena, quarantine cage", "quarantine"),
    (MAKER, LINE, "Jena, pump line 1", "line"),
    ("FENW-SZ", SUZHOU_STORES, "苏州成品仓库 Suzhou, finished goods", "warehouse"),
    ("FENW-SZ", SUZHOU_CAGE, "苏州隔离区 Suzhou, quarantine area", "quarantine"),
    ("FENW-SZ", CLEAN_ROOM, "苏州洁净车间 Suzhou, clean room 2", "line"),
    ("ETHL", STERILISER, "Ethelwyn, sterilisation hall", "third_party"),
)
OWN = (
    # code, name, kind, country, address
    (MAKER, "Fenwarden Infusion GmbH", "manufacturer", "DE", MAKER_ADDRESS),
    ("FENW-SZ", "芬沃登医疗技术（苏州）Fenwarden Suzhou", "site", "CN", "苏州工业园区澄湾路18号"),
    ("ETHL", "Ethelwyn Sterilisation Services", "third_party", "NL", "Havenweg 31, Venlo"),
)
SUPPLIERS = (
    # code, name, country, what they supply
    ("CORV", "Corvane Elektronik GmbH", "DE"),
    ("HALB", "Halbrecht Sensorik AG", "CH"),
    ("VOLT", "Voltrane Cells Oy", "FI"),
    ("DREV", "Drevik Antriebe s.r.o.", "CZ"),
    ("LUXM", "Luxmoor Moulding Ltd", "GB"),
    ("OSTF", "Ostwall Federn KG", "DE"),
    ("POLM", "Polymarin Extrusions S.p.A.", "IT"),
    ("QING", "清澜精密塑胶 Qinglan Precision Plastics", "CN"),
    ("HEMU", "和沐过滤科技 Hemu Filtration", "CN"),
    ("FILM", "Pouchwell Films B.V.", "NL"),
)
HOSPITALS = {
    "DE": "Klinikum Auenthal, Marienstift Lohbruck, Kreisklinik Wendhagen, Herzzentrum Tannbach, "
    "Universitätsklinik Osterfelde, Kinderklinik Silberau, Klinikum Rehmsdorf, "
    "Stadtkrankenhaus Ilmwerder, Waldklinik Hohenreut, Onkologie am Lindgraben",
    "AT": "Landesklinik Sankt Wendelin, Krankenhaus Ennsleiten, Klinik Hochalmblick, "
    "Spital am Mühlgrund, Rudolfsheim-Klinik Aspern",
    "PL": "Szpital Miejski Zawidowo, Klinika Nadbrzeże, Szpital Dziecięcy Lipowa, "
    "Centrum Medyczne Brzozów Górny, Szpital Wojewódzki Radomin, Klinika Kardiologii Świerki",
    "SE": "Norrvikens sjukhus, Barnkliniken Älvgården, Sankt Botvids sjukhus, "
    "Lasarettet i Kråkvik, Onkologcentrum Solgläntan",
    "IT": "Ospedale San Fiorenzo, Clinica Val Serina, Policlinico Monteverde Alto, "
    "Ospedale Pediatrico Santa Lidia, Istituto Cardiologico Lagonero, Casa di Cura Le Betulle",
    "CN": "苏南仁和医院 Sunan Renhe Hospital, 澄湖第一医院 Chenghu First Hospital, "
    "云栖儿童医院 Yunqi Children's Hospital, 江湾肿瘤医院 Jiangwan Cancer Hospital, "
    "松岭中心医院 Songling Central Hospital, 南屿妇幼保健院 Nanyu Maternity Hospital, "
    "青岚医院 Qinglan Hospital, 望川心血管中心 Wangchuan Heart Centre",
}

# --- parts -----------------------------------------------------------------------------------


def gtin(number: int) -> str:
    """Return the UDI-DI of our product `number`: 14 digits, the last one checks the others."""
    digits = f"09521000{number:05d}"
    total = sum(int(d) * (3 if place % 2 == 0 else 1) for place, d in enumerate(digits))
    return f"{digits}{-total % 10}"


@dataclass(frozen=True)
class Item:
    """One part as it stands in the catalogue."""

    part_no: str
    name: str
    name_zh: str
    maker: str
    control: str
    kind: str
    di: str | None = None


V3, S7 = "FW-V3", "FW-S7"
BOARD, SENSOR, BATTERY = "PCB-4410", "PS-220", "BP-37"
MOTOR, HOUSING, SPRING = "DM-12", "HS-301", "SP-09"
TUBE, CHAMBER, FILTER, LUER, FILM = "TB-30", "DC-20", "FM-15", "LL-6", "PF-80"
SET, DARK_SET, NEO_SET, LINE_30 = "IS-150", "IS-150L", "IS-NEO", "EX-30"

PARTS: Sequence[Item] = (
    Item(V3, "Volumetric infusion pump V3", "V3 容积式输液泵", MAKER, "serial", "device", gtin(10)),
    Item(S7, "Syringe pump S7", "S7 注射泵", MAKER, "serial", "device", gtin(20)),
    Item(
        SET,
        "Infusion set 150 cm, sterile",
        "一次性使用输液器 150 cm",
        MAKER,
        "lot",
        "device",
        gtin(31),
    ),
    Item(
        DARK_SET,
        "Infusion set 150 cm, light-protected, sterile",
        "一次性使用避光输液器 150 cm",
        MAKER,
        "lot",
        "device",
        gtin(32),
    ),
    Item(
        NEO_SET, "Infusion set, neonatal, sterile", "新生儿输液器", MAKER, "lot", "device", gtin(33)
    ),
    Item(
        LINE_30, "Extension line 30 cm, sterile", "延长管 30 cm", MAKER, "lot", "device", gtin(34)
    ),
    Item(BOARD, "Main control board", "主控板", "CORV", "serial", "component"),
    Item(SENSOR, "Pressure sensor", "压力传感器", "HALB", "serial", "component"),
    Item(BATTERY, "Battery pack 3.7 Ah", "电池组 3.7 Ah", "VOLT", "serial", "component"),
    Item(MOTOR, "Drive motor", "驱动电机", "DREV", "lot", "component"),
    Item(HOUSING, "Housing, two shells", "外壳", "LUXM", "lot", "component"),
    Item(SPRING, "Door latch spring", "门锁弹簧", "OSTF", "lot", "component"),
    Item(TUBE, "PVC-free tube 3 × 4.1 mm", "非PVC管 3 × 4.1 mm", "POLM", "lot", "material"),
    Item(CHAMBER, "Drip chamber", "滴斗", "QING", "lot", "component"),
    Item(FILTER, "Membrane filter 15 µm", "15 µm 滤膜", "HEMU", "lot", "component"),
    Item(LUER, "Luer lock connector", "鲁尔接头", "QING", "lot", "component"),
    Item(FILM, "Pouch film with paper", "透析纸包装膜", "FILM", "lot", "packaging"),
)
