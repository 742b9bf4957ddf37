"""What stands on each downtime form, in both languages: what to do, and room to write."""

from typing import Any

from engine.evidence.canonical import moment
from engine.serials.models import DowntimeForm

ROOM = "\u200b\n\u200b"  # two lines to write on by hand; no space, which would be dropped
LINES = 5
Words = dict[str, tuple[str, str]]

TITLES: Words = {
    "receiving": ("Downtime form: receiving", "停机表单：收货"),
    "segregation": ("Downtime form: segregation", "停机表单：隔离"),
    "shipping": ("Downtime form: shipping check", "停机表单：发货检查"),
    "hold_tag": ("Downtime form: hold tag", "停机表单：冻结标识"),
}
STEPS: Words = {
    "receiving": (
        "Put what is received into quarantine. Use and ship nothing of it until it is entered.",
        "收到的产品放入隔离区。录入 Holdfast 之前，不得使用或发货。",
    ),
    "segregation": (
        "Bring what is suspect to the quarantine area, count it, and hang a hold tag on it.",
        "将可疑产品移至隔离区，清点数量，并挂上冻结标识。",
    ),
    "shipping": (
        "Check every number against a valid deny list. What is on it or unreadable does not leave.",
        "逐一核对序列号和批号与一天之内生成的签名禁止放行清单。清单上有的或无法辨认的，不得离开。",
    ),
    "hold_tag": (
        "HOLD. Do not use, do not ship, do not move. Only quality decides about it.",
        "冻结。不得使用、发货或移动。仅由质量部门决定。",
    ),
}
COLUMNS: dict[str, list[tuple[str, str]]] = {
    "receiving": [("Part number", "物料号"), ("Serial or lot number", "序列号或批号"),
                  ("Quantity", "数量"), ("Place", "位置")],
    "segregation": [("Serial or lot number", "序列号或批号"), ("Quantity", "数量"),
                    ("From", "原位置"), ("Quarantine place", "隔离位置")],
    "shipping": [("Serial or lot number", "序列号或批号"), ("Quantity", "数量"),
                 ("Not on the deny list", "不在清单上"), ("Checked by", "核对人")],
    "hold_tag": [("Serial or lot number", "序列号或批号"), ("Quantity", "数量")],
}  # fmt: skip
FIELDS: dict[str, list[tuple[str, str]]] = {
    "receiving": [("Delivery note", "送货单号"), ("Supplier", "供应商")],
    "segregation": [("Nonconformance, if known", "不合格编号（如已知）")],
    "shipping": [("Consignee and place", "收货方及位置"), ("Delivery note", "送货单号"),
                 ("Deny list made at", "禁止放行清单生成时间")],
    "hold_tag": [("Nonconformance", "不合格编号"), ("Reason", "原因")],
}  # fmt: skip
BOTH: Words = {
    "what": ("What to do", "操作"),
    "who": ("Who and when", "何人何时"),
    "goods": ("Goods", "产品"),
    "done_by": ("Done by (printed name)", "操作人（印刷体姓名）"),
    "signed": ("Signed", "签名"),
    "date": ("Date, time and time zone", "日期、时间和时区"),
    "entered": ("Entered in Holdfast by, on", "录入 Holdfast：姓名、日期"),
    "keep": (
        "Account for every number: enter this form when Holdfast is back, or that it was not used.",
        "每个编号都须有着落：系统恢复后请录入本表单，或注明未使用。",
    ),
    "printed": ("Printed", "打印时间"),
    "form": ("Form", "表单编号"),
}


def record_of(form: DowntimeForm, *, company: str, mark: str | None) -> dict[str, Any]:
    """Return a form as the record that is printed: the same form gives the same bytes."""
    at = 1 if form.language == "zh" else 0
    fields = [(words[at], ROOM) for words in FIELDS[form.kind]]
    who = [(BOTH[name][at], ROOM) for name in ("done_by", "signed", "date", "entered")]
    columns = [words[at] for words in COLUMNS[form.kind]]
    rows = [[ROOM] * len(columns) for _ in range(2 if form.kind == "hold_tag" else LINES)]
    record: dict[str, Any] = {
        "title": TITLES[form.kind][at],
        "number": form.number,
        "language": form.language,
        "company": company,
        "kicker": BOTH["keep"][at],
        "created_at": moment(form.printed_at),
        "band": [
            [BOTH["form"][at], form.number],
            [BOTH["printed"][at], f"{form.printed_at:%Y-%m-%d %H:%M} UTC"],
        ],
        "sections": [
            {"heading": BOTH["what"][at], "text": STEPS[form.kind][at], "rows": fields},
            {"heading": BOTH["goods"][at], "table": {"columns": columns, "rows": rows}},
            {"heading": BOTH["who"][at], "rows": who},
        ],
    }
    if mark:
        record["mark"] = mark.lower()
    return record
