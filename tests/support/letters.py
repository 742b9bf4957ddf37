"""Letters to consignees as plain data, and what they say as plain words."""

import copy
from typing import Any

from lxml import html

from engine.evidence import layouts

WORDS = {
    "en": {
        "headline": "Infusion pump IP-300: flow may stop without alarm",
        "product": "Infusion pump IP-300, model IP-300-A, 50 ml",
        "identification": "The serial number is on the label at the rear, below the UDI code.",
        "registration": "510(k) K123456; SRN DE-MF-000012345",
        "what_happened": "A batch of motor drivers may fail; the pump stops and gives no alarm.",
        "risk": "Therapy may be interrupted unnoticed; this may cause serious injury or death.",
        "instructions": "Stop using the listed pumps at once.\nMove them to a locked place.",
        "handling": "We replace each pump free of charge.",
        "reply_until": "2026-12-04",
        "manufacturer": "Lakeside Devices Ltd\n12 Harbour Road, Duluth MN 55802, USA",
        "contact_name": "Recall office",
        "telephone": "+1 218 555 0100",
        "email": "recall@lakeside.example",
        "signatory": "Xu Gang, chief executive",
    },
    "zh": {
        "headline": "IP-300 输液泵可能在无报警情况下停止输液",
        "product": "IP-300 型输液泵，型号 IP-300-A，50 ml",
        "identification": "序列号位于泵体背面标签，UDI 码下方。",
        "registration": "国械注准20253140001",
        "what_happened": "一批电机驱动器可能失效，输液泵停止工作且不发出报警。",
        "risk": "治疗可能在未被察觉的情况下中断，可能造成严重伤害甚至死亡。",
        "instructions": "立即停止使用清单所列输液泵。\n移至上锁区域并做好标识。",
        "handling": "收到后10日内免费更换。",
        "reply_until": "2026-12-04",
        "manufacturer": "湖畔医疗器械有限公司\n上海市浦东新区1号",
        "contact_name": "召回办公室",
        "telephone": "400-555-0100",
        "email": "recall@lakeside.example",
        "signatory": "徐刚，企业负责人",
    },
}
MARKINGS = {
    ("recall_letter", "en"): "URGENT: MEDICAL DEVICE RECALL",
    ("recall_letter", "zh"): "URGENT: MEDICAL DEVICE RECALL 紧急：医疗器械召回",
    ("field_safety_notice", "en"): "Urgent FIELD SAFETY NOTICE",
    ("field_safety_notice", "zh"): "Urgent FIELD SAFETY NOTICE 紧急 现场安全通知",
    ("recall_notice", "en"): "MEDICAL DEVICE RECALL NOTICE 医疗器械召回通知",
    ("recall_notice", "zh"): "医疗器械召回通知",
}


def letter(
    number: int = 7, layout: str = "recall_letter", language: str = "en", **changed: Any
) -> dict[str, Any]:
    """Return what `printing.draw_letter` takes; `changed` are other parts of the record."""
    record: dict[str, Any] = {
        "number": f"RC-2026-0001/N-{number:04d}",
        "case_number": "RC-2026-0001",
        "company": "Lakeside Devices Ltd",
        "date": "2026-11-26",
        "created_at": "2026-11-26T10:00:00Z",
        "mark": None,
        "marking": MARKINGS[layout, language],
        "consignee": {"name": "St. Mary", "address": "4 Hill Street", "country": "US"},
        "words": copy.deepcopy(WORDS[language]),
        "is_correction": False,
        "grade": None,
        "supersedes": None,
        "difference": None,
        "list": [
            {
                "part": "IP-300 Infusion pump",
                "di": "00812345678906",
                "lot": "8841A",
                "serials": [f"P-{n:05d}" for n in range(12)],
                "quantity": "12",
            }
        ],
        "url": "https://recall.example/n/" + "a" * 43,
        "csv": {"name": f"N-{number:04d}.csv", "sha256": "c" * 64},
        "jws": {"name": f"N-{number:04d}.jws", "sha256": "d" * 64},
        **changed,
    }
    return {
        "layout": layout,
        "record": record,
        "language": language,
        "attachments": [
            {
                "name": record["csv"]["name"],
                "content": b"part_no,serial\r\nIP-300,P-00001\r\n",
                "description": record["number"],
                "relationship": "Data",
            }
        ],
    }


def said_in(request: dict[str, Any]) -> str:
    """Return what a letter says, one block of it on each line."""
    page = html.fromstring(
        layouts.letter_of(request["layout"], request["record"], language=request["language"])
    )
    body = page.find("body")
    blocks = ("p", "h1", "h2", "li", "td", "th", "div")
    lines = [
        " ".join(" ".join(one.itertext()).split())
        for one in body.iter(*blocks)
        if not any(child.tag in blocks for child in one.iter() if child is not one)
    ]
    return "\n".join(line for line in lines if line) + "\n"
