"""The records that the tests print: three documents in both languages, short and very long."""

from typing import Any

from engine.evidence.canonical import canonical
from engine.evidence.meanings import sentence

COMPANY = {"en": "Lakeside Infusion Ltd", "zh": "湖畔输液器械有限公司"}

Sample = tuple[str, dict[str, Any], list[dict[str, Any]]]


def signature(
    name: str, role: str, meaning: str, language: str, minute: int, **more: Any
) -> dict[str, Any]:
    return {
        "printed_name": name,
        "role": role,
        "meaning": meaning,
        "sentence": sentence(meaning, language),
        "at": f"2026-03-04T06:{minute:02d}:11.000000Z",
        "time_zone": "Asia/Shanghai",
        "component_count": 2,
        **more,
    }


def nonconformance(language: str = "en", *, unit_count: int = 12) -> Sample:
    zh = language == "zh"
    units = [
        [f"SN-26-{n:05d}", "RESIN-7", "A-14" if n % 3 else "B-02", "1"]
        for n in range(1, unit_count + 1)
    ]
    record = {
        "title": "不合格品处理报告" if zh else "Nonconformance report",
        "kicker": "质量管理体系 · 不合格品控制" if zh else "Control of nonconforming product",
        "number": "NC-2026-0007",
        "version": 1,
        "language": language,
        "company": COMPANY[language],
        "created_at": "2026-03-04T06:10:00Z",
        "case": {
            "number": "NC-2026-0007",
            "title": "进料检验发现 RESIN-7 批次泵壳存在裂纹，涉及已装配器械"
            if zh
            else "Cracked pump housings from resin lot RESIN-7, found at incoming inspection",
            "severity": "严重" if zh else "Major",
            "severity_code": "major",
            "opened_at": "2026-03-02T08:00:00Z",
            "closed_at": "2026-03-04T06:20:00Z",
        },
        "sections": [
            {
                "heading": "发现情况" if zh else "What was found",
                "rows": [
                    ["报告人", "任涛"] if zh else ["Reported by", "Ren Tao"],
                    ["发现地点", "进料检验，2 号工位"]
                    if zh
                    else ["Found at", "Incoming inspection, station 2"],
                    ["程序", "QP-13 第 4 版"] if zh else ["Procedure", "QP-13 rev 4"],
                    ["产品已离开本单位控制", False] if zh else ["Product has left control", False],
                    ["规格要求", "不得有目视可见裂纹（图纸 PH-220，注 7）\n放大 10 倍检查"]
                    if zh
                    else [
                        "Specification",
                        "No visible crack (drawing PH-220, note 7)\nat tenfold magnification",
                    ],
                    ["证据", ["照片 1", "照片 2", "供应商检验报告 IR-5521"]]
                    if zh
                    else ["Evidence", ["Photo 1", "Photo 2", "Supplier report IR-5521"]],
                    ["通知客户", None] if zh else ["Customers told", None],
                ],
            },
            {
                "heading": "调查" if zh else "Investigation",
                "text": (
                    "裂纹始于注塑浇口，沿熔接线扩展。切片显示树脂含水率超标："
                    "烘干机温控器自 2 月 26 日起偏低 18 °C，当班点检未记录实测值，"
                    "仅勾选“正常”。\n\n同一烘干机同期加工的其他批次已逐一追溯，均未使用 RESIN-7。"
                    if zh
                    else "The cracks start at the gate and follow the weld line. Sections show "
                    "moist resin: the dryer's controller had read 18 °C high since "
                    "26 February, and the shift check recorded a tick instead of the value."
                    "\n\nEvery other lot dried in the same machine in that time was traced; "
                    "none used RESIN-7."
                )
                * (1 if unit_count < 100 else 6),
            },
            {
                "heading": "受影响的器械" if zh else "Units affected",
                "table": {
                    "columns": [
                        "序列号" if zh else "Serial",
                        "树脂批号" if zh else "Resin lot",
                        "库位" if zh else "Location",
                        {"label": "数量" if zh else "Quantity", "align": "right"},
                    ],
                    "rows": units,
                    "total": ["合计" if zh else "Total", "", "", str(unit_count)],
                },
                "note": "范围于 2026-03-02 冻结，第 1 版。"
                if zh
                else "Scope frozen on 2026-03-02, version 1.",
            },
        ],
    }
    signed = [
        signature(
            "王莉" if zh else "Wang Li",
            "质量经理" if zh else "Quality manager",
            "close",
            language,
            20,
        )
    ]
    return "nonconformance/nonconformance_report", record, signed


def disposition(language: str = "en") -> Sample:
    zh = language == "zh"
    record = {
        "title": "不合格品处置记录" if zh else "Disposition record",
        "kicker": "物料评审委员会" if zh else "Material review board",
        "number": "NC-2026-0007-D2",
        "version": 2,
        "language": language,
        "company": COMPANY[language],
        "created_at": "2026-03-04T06:00:00Z",
        "band": [
            ["案件", "NC-2026-0007"] if zh else ["Case", "NC-2026-0007"],
            ["轮次", "2"] if zh else ["Round", "2"],
            ["严重程度", "严重"] if zh else ["Severity", "Major"],
            ["本轮数量", "48 件"] if zh else ["In this round", "48 pieces"],
        ],
        "case": {"title": "RESIN-7 批次泵壳裂纹" if zh else "Cracked pump housings, lot RESIN-7"},
        "sections": [
            {
                "heading": "处置项目" if zh else "Lines",
                "table": {
                    "columns": [
                        "#",
                        "产品" if zh else "Product",
                        "处置" if zh else "Disposition",
                        {"label": "数量" if zh else "Quantity", "align": "right"},
                        "理由" if zh else "Justification",
                    ],
                    "rows": [
                        [
                            "1",
                            "PUMP-220",
                            "报废" if zh else "Scrap",
                            "36",
                            "裂纹贯穿密封面，无法恢复规格要求。"
                            if zh
                            else "The crack crosses the sealing face; it cannot meet the drawing.",
                        ],
                        [
                            "2",
                            "PUMP-220",
                            "返工" if zh else "Rework",
                            "10",
                            "仅外观飞边；按 WI-88 修整后复检。"
                            if zh
                            else "Flash only; trimmed to WI-88 and inspected again.",
                        ],
                        [
                            "3",
                            "PUMP-220",
                            "退回供应商" if zh else "Return to supplier",
                            "2",
                            "供应商要求留样分析，退货单 RMA-3311。"
                            if zh
                            else "Kept for the supplier's analysis, RMA-3311.",
                        ],
                    ],
                    "total": ["", "合计" if zh else "Total", "", "48", ""],
                },
            },
            {
                "heading": "风险评估" if zh else "Risk",
                "text": "返工不影响已验证的密封工艺；不良影响评估见 WI-88 附录 B。"
                if zh
                else "Rework leaves the validated sealing process untouched; the assessment of "
                "adverse effect is WI-88, appendix B.",
            },
        ],
    }
    words = {
        "author": ("陈梅", "质量工程师") if zh else ("Chen Mei", "QA engineer"),
        "approve": ("萨拉·诺瓦克", "MRB 质量") if zh else ("Sara Novak", "MRB quality"),
        "reject": ("大卫·奥卡福", "MRB 工程") if zh else ("David Okafor", "MRB engineering"),
    }
    signed = [
        signature(*words["author"], "author", language, 1),
        signature(*words["approve"], "approve", language, 30, component_count=1),
        signature(
            *words["reject"],
            "reject",
            language,
            45,
            reason="第 2 项须先完成工装验证。"
            if zh
            else "Line 2 needs the fixture validated first.",
            on_behalf_of="刘静" if zh else "Liu Jing",
        ),
    ]
    return "disposition/disposition_record", record, signed


def destruction(language: str = "en") -> Sample:
    zh = language == "zh"
    record = {
        "title": "销毁证明" if zh else "Certificate of destruction",
        "number": "NC-2026-0007-L1",
        "version": 1,
        "language": language,
        "company": COMPANY[language],
        "created_at": "2026-03-04T06:00:00Z",
        "quantity": "36 件" if zh else "36 pieces",
        "case": {"number": "NC-2026-0007"},
        "sections": [
            {
                "heading": "产品" if zh else "Product",
                "rows": [
                    ["产品", "PUMP-220 输液泵壳体"] if zh else ["Product", "PUMP-220 pump housing"],
                    ["批号", "RESIN-7"] if zh else ["Lot", "RESIN-7"],
                    ["序列号", "SN-26-00001 至 SN-26-00036"]
                    if zh
                    else ["Serial numbers", "SN-26-00001 to SN-26-00036"],
                    ["方法", "机械粉碎，残渣小于 10 mm"]
                    if zh
                    else ["Method", "Shredded, residue below 10 mm"],
                    ["地点", "厂区 2，危废站"] if zh else ["Place", "Plant 2, waste station"],
                    ["留样", "2 件，编号 RS-118、RS-119"]
                    if zh
                    else ["Samples kept", "2 pieces, RS-118 and RS-119"],
                ],
            }
        ],
    }
    signed = [
        signature(
            "张伟" if zh else "Zhang Wei", "仓库" if zh else "Warehouse", "perform", language, 5
        ),
        signature(
            "任涛" if zh else "Ren Tao",
            "质量技术员" if zh else "QA technician",
            "witness",
            language,
            9,
        ),
    ]
    return "disposition_line/destruction_certificate", record, signed


def all_samples() -> dict[str, Sample]:
    found: dict[str, Sample] = {}
    for language in ("en", "zh"):
        found[f"nonconformance_report.{language}"] = nonconformance(language)
        found[f"disposition_record.{language}"] = disposition(language)
        found[f"destruction_certificate.{language}"] = destruction(language)
    return found


def attachments(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": "record.json",
            "content": canonical(record),
            "description": "The record as data",
            "relationship": "Source",
        }
    ]
