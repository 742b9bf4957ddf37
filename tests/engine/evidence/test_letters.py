"""Letters to consignees: what each law asks for is there, whoever wrote the words.

The lists are typed by hand from the law texts; the layouts never read them. After a change of words
look at the difference of the golden files, then write them anew: GOLDEN=write pytest <this file>.
"""

import os
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from engine.evidence import layouts, render
from tests.support.letters import WORDS, letter, said_in

GOLDEN = Path(__file__).parent / "golden_letters"
EVERYWHERE = ("recall_letter", "field_safety_notice", "recall_notice")

# clause: what must stand in the letter, in English, in Chinese
RECALL_LETTER = {
    "7.49(a)(1) subject to a recall": ("This product is subject to a recall.", "本产品正在召回。"),
    "7.49(a)(2) cease distribution and use": (
        "Cease further distribution and use of any remaining product immediately.",
        "请立即停止分销和使用剩余产品。",
    ),
    "7.49(a)(3) notify customers": (
        "notify your customers who received it",
        "将本召回通知收到产品的客户",
    ),
    "7.49(a)(4) what to do": (
        "Stop using the listed pumps at once.",
        "立即停止使用清单所列输液泵。",
    ),
    "7.49(b) marked recall, urgent": (
        "URGENT: MEDICAL DEVICE RECALL",
        "URGENT: MEDICAL DEVICE RECALL",
    ),
    "7.49(c)(1)(ii) product and numbers": ("P-00011", "P-00011"),
    "810.15(c)(3) consequences": ("serious injury or death", "严重伤害甚至死亡"),
    "810.15(c)(5) a ready means to reply": (
        "https://recall.example/n/",
        "https://recall.example/n/",
    ),
}
FIELD_SAFETY_NOTICE = {
    "MEDDEV 5.4.4.2(1) title": ("Urgent FIELD SAFETY NOTICE", "Urgent FIELD SAFETY NOTICE"),
    "MEDDEV 5.4.4.2(1) FSCA identifier": (
        "Field safety corrective action RC-2026-0001",
        "现场安全纠正措施 RC-2026-0001",
    ),
    "MEDDEV 5.4.4.2(1) type of action": ("Return or destruction of the device", "退回或销毁器械"),
    "MDR 89(8) UDI": ("UDI-DI 00812345678906", "UDI-DI 00812345678906"),
    "MDR 89(8) SRN of the manufacturer": ("SRN DE-MF-000012345", "国械注准20253140001"),
    "MDR 89(8) reasons, malfunction": ("motor drivers may fail", "电机驱动器可能失效"),
    "MDR 89(8) risks, not understated": ("serious injury or death", "严重伤害甚至死亡"),
    "MDR 89(8) all actions of users": ("Move them to a locked place.", "移至上锁区域并做好标识。"),
    "MEDDEV 5.4.4.2(5) pass on": (
        "needs to be passed on to all those",
        "转达贵单位内所有需要知悉的人员",
    ),
    "MEDDEV 5.4.4.2(5) maintain awareness": ("maintain awareness", "持续关注"),
    "MEDDEV 5.4.4.2(6) transferred devices": (
        "any organisation where the affected devices have been transferred",
        "受影响器械被转移到的任何机构",
    ),
    "MEDDEV 5.4.4.2(8) authorities advised": (
        "national competent authorities have been advised",
        "已将本现场安全纠正措施告知相关国家主管机关",
    ),
    "MEDDEV annex 5 contact": ("Recall office, +1 218 555 0100", "召回办公室, 400-555-0100"),
}
RECALL_NOTICE = {
    "第十五条（一）名称、型号规格、批次": ("8841A", "型号 IP-300-A"),
    "第十五条（二）召回的原因": ("motor drivers may fail", "电机驱动器可能失效"),
    "第十五条（三）暂停销售和使用": (
        "Stop selling and using this product",
        "立即暂停销售和使用该产品",
    ),
    "第十五条（三）转发": ("forward this notice", "将本召回通知转发到相关经营企业或者使用单位"),
    "第十五条（四）处理方式": ("We replace each pump free of charge.", "收到后10日内免费更换。"),
}
HOUSE = {
    "the marking in red": ("RECALL", "召回"),
    "its list as files, by SHA-256": ("c" * 64, "d" * 64),
    "no patient data": ("Do not send any patient data.", "请勿提供患者信息。"),
    "reply also with none": ("also if you have none", "如无库存，也请回复"),
    "reply until": ("2026-12-04", "2026-12-04"),
    "who signs": ("Xu Gang", "徐刚"),
}
WANTED = {
    "recall_letter": RECALL_LETTER | HOUSE,
    "field_safety_notice": FIELD_SAFETY_NOTICE
    | {name: one for name, one in HOUSE.items() if name != "the marking in red"},
    "recall_notice": RECALL_NOTICE | HOUSE,
}
# which field of the words carries what the law asks for: left empty, something is lacking
CARRIES = {
    "recall_letter": ("risk", "instructions"),
    "field_safety_notice": (
        "registration",
        "what_happened",
        "risk",
        "instructions",
        "contact_name",
    ),
    "recall_notice": ("what_happened", "handling"),
}


def lacking(layout: str, language: str, said: str) -> list[str]:
    place = ("en", "zh").index(language)
    return [clause for clause, wanted in WANTED[layout].items() if wanted[place] not in said]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("layout", EVERYWHERE)
def test_a_letter_holds_every_item_of_its_law(layout: str, language: str) -> None:
    assert lacking(layout, language, said_in(letter(layout=layout, language=language))) == []


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    ("layout", "field"), [(layout, one) for layout, fields in CARRIES.items() for one in fields]
)
def test_a_letter_whose_field_is_blank_lacks_an_item(
    layout: str, field: str, language: str
) -> None:
    blank = {**WORDS[language], field: ""}
    assert lacking(layout, language, said_in(letter(layout=layout, language=language, words=blank)))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("layout", EVERYWHERE)
def test_no_words_that_people_write_take_a_legal_block_away(layout: str, language: str) -> None:
    hostile = dict.fromkeys(WORDS[language], "</body><!--{{ record }}{% raw %}")
    blocks = {
        line
        for line in said_in(letter(layout=layout, language=language)).splitlines()
        if not any(word in line for text in WORDS[language].values() for word in text.splitlines())
    }
    left = said_in(letter(layout=layout, language=language, words=hostile)).splitlines()
    assert blocks <= set(left)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("layout", EVERYWHERE)
def test_each_word_of_a_letter_is_one_that_someone_approved(layout: str, language: str) -> None:
    said = said_in(letter(layout=layout, language=language))
    golden = GOLDEN / f"{layout}.{language}.txt"
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.mkdir(exist_ok=True)
        golden.write_text(said, encoding="utf-8")
    assert said == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("layout", EVERYWHERE)
def test_a_wording_of_the_company_leaves_no_english_sentence(layout: str) -> None:
    sentences = layouts.letter_words()
    words = {key: f"§{key}§" for key in sentences}
    for is_correction in (True, False):
        request = letter(
            layout=layout, is_correction=is_correction, mark="drill", marking="§marking§",
            wording={"version": 1, "sha256": "e" * 64, "words": words},
            difference={"added": ["P-7"], "cleared": ["P-1"]}, supersedes="N-0006", list=[],
        )  # fmt: skip
        said = said_in({**request, "language": "de"})
        for text in WORDS["en"].values():
            for line in text.splitlines():
                said = said.replace(line, "")
        left = re.sub(r"§\w+§", "", said)
        assert [
            one["en"] for one in sentences.values() if len(one["en"]) > 3 and one["en"] in left
        ] == []
        assert re.findall(r"[a-z]{3,} [a-z]{3,}", left) == []


def test_a_correction_is_called_one() -> None:
    said = said_in(letter(is_correction=True))
    assert "subject to a recall by correction" in said


def test_a_change_says_what_was_added_and_what_is_cleared() -> None:
    change: dict[str, Any] = {"added": ["P-7", "P-8"], "cleared": ["P-1"]}
    said = said_in(letter(difference=change, supersedes="RC-2026-0001/N-0007"))
    assert "Newly affected: P-7, P-8" in said
    assert "cleared for you: P-1" in said
    assert "replaces our notice RC-2026-0001/N-0007." in said


def test_a_drill_says_so_on_the_letter() -> None:
    assert "DRILL" in said_in(letter(mark="drill"))


def test_a_letter_is_pdf_a_3u_with_its_list_inside_and_the_same_each_time() -> None:
    first, again = render.render_letter(letter()), render.render_letter(letter())
    assert first == again
    with pikepdf.open(BytesIO(first)) as pdf:
        told = bytes(pdf.Root.Metadata.read_bytes()).decode()
        assert re.search('part["=>]+3', told)
        assert re.search('conformance["=>]+U', told)
        assert list(pdf.attachments) == ["N-0007.csv"]


def test_a_letter_with_a_glyph_that_no_font_has_is_not_printed() -> None:
    odd = letter(words={**WORDS["en"], "headline": "\ue000"})
    with pytest.raises(render.NotPrinted, match="notdef"):
        render.render_letter(odd)
