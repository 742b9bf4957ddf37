"""The rules of the law: every row of the collection, its words in the law, and what is refused."""

import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.regulators import jurisdictions, reportability, rulebook
from engine.regulators.checking import problems_of
from engine.regulators.rulebook import FOLDER, Rule, RulesBroken, listed
from tests.support.law import SHARED, must_stand
from webapp.cli import main

# table 1 of the collection, by hand: no row of it may be without a rule
ROWS = {
    "US": 13,
    "EU": 9,
    "CN": 21,
    "CA": 9,
    "UK": 3,
    "AU": 4,
    "JP": 2,
}


def test_every_row_of_the_collection_is_a_rule() -> None:
    rows = {f"{code}-{number}" for code, count in ROWS.items() for number in range(1, count + 1)}
    assert {rule.row for rule in listed()} - {""} == rows


def test_the_rows_are_those_of_the_collection() -> None:
    path = SHARED / "reference" / "regulations.md"
    if not path.exists():
        pytest.skip("../shared/reference is not beside the project")
    found = re.findall(r"^\| ([A-Z]{2}-\d+) \|", path.read_text("utf-8"), re.MULTILINE)
    assert {code: sum(row.startswith(code) for row in found) for code in ROWS} == ROWS
    assert len(found) == sum(ROWS.values())


@pytest.mark.parametrize(
    "rule", [rule for rule in listed() if rule.words], ids=lambda rule: rule.id
)
def test_the_words_a_rule_cites_stand_in_the_text_it_names(rule: Rule) -> None:
    must_stand(rule.file, rule.words)


# by hand: what is no law that was compared with its text, however sure somebody is of it
UNVERIFIED = {
    "us_7_46_tell", "us_7_53_status", "us_public_warning", "eu_89_8_wait", "eu_fsca_final",
    "eu_10_8_keep", "eu_10_8_keep_implant", "gb_2_day", "gb_10_day", "gb_15_day", "gb_fsca",
    "gb_fsca_delay", "gb_draft_notice", "gb_fsca_abroad", "gb_surveillance", "au_prac_notify",
    "au_prac_agree", "au_prac_letter", "au_prac_interim", "au_prac_close", "au_5_7_threat",
    "au_5_7_serious", "au_5_7_near", "jp_recall_start", "jp_recall_end", "jp_15_day",
    "jp_30_day", "other_action", "other_country", "other_event",
}  # fmt: skip


def test_what_was_not_compared_with_the_law_says_so() -> None:
    assert {rule.id for rule in listed() if not rule.is_checked} == UNVERIFIED


def test_every_report_of_an_event_is_a_clock_and_counts_as_its_period_says() -> None:
    """What is signed for an event names the report; a rule has to start on each of them."""
    units = {"days": "days", "work_days": "work_days", "none": "immediate"}
    for code, asked in reportability.listed().items():
        rules = [one for one in rulebook.of_jurisdiction(code) if one.about == "event"]
        for report in asked.reports:
            found = [one for one in rules if one.when == f"report == '{report.code}'"]
            assert found, f"{report.code} starts no clock"
            for one in found:
                if (one.unit, one.amount) == ("hours", 48):
                    assert (report.unit, report.amount) == ("days", 2)
                elif one.shared != "cn_event_evaluation":
                    assert one.unit == units[report.unit]
                    assert (one.amount or 0) == report.amount


def test_a_rule_of_a_country_without_a_file_asks_what_its_law_wants() -> None:
    assert [one.id for one in rulebook.of_jurisdiction("BR")] == [
        "other_action",
        "other_country",
        "other_event",
    ]
    assert {one.jurisdiction for one in listed()} == {
        *(one.code for one in jurisdictions.listed()),
        "OTHER",
    }


def test_any_other_word_of_a_rule_is_another_version_of_it() -> None:
    table = {"id": "us_x", "name": "X", "name_zh": "某", "start": "decision", "unit": "immediate",
             "target": 4, "recipient": ["fda"], "calendar": "US", "source": "x"}  # fmt: skip
    assert rulebook.rule_of("US", table).version == rulebook.rule_of("US", dict(table)).version
    changed = rulebook.rule_of("US", {**table, "target": 5})
    assert changed.version != rulebook.rule_of("US", table).version


# --- what is refused, in words ---------------------------------------------------------------

GOOD = """
jurisdiction = "us"
[[rule]]
id = "us_report"
name = "Report"
name_zh = "报告"
when = "is_action"
start = "decision"
amount = 10
unit = "days"
target = 5
recipient = ["fda"]
calendar = "US"
source = "21 CFR 806.10(b)"
"""


def said(tmp_path: Path, content: str, name: str = "us.toml") -> str:
    (tmp_path / name).write_text(content, "utf-8")
    return "\n".join(problems_of(tmp_path))


def test_a_sound_file_has_no_problem(tmp_path: Path) -> None:
    assert said(tmp_path, GOOD) == ""


READING = 'source = "x"\n[[rule.reading]]\n'
BROKEN = [
    ('unit = "days"', 'unit = "fortnights"', "“unit” is 'fortnights', and not one of"),
    ("[[rule]]", "[[rule]", "cannot be read"),
    ('jurisdiction = "us"', 'jurisdiction = "eu"', "has to be “us”, as the file is named"),
    ('jurisdiction = "us"', 'jurisdiction = "us"\nauthor = "x"', "nobody reads “author”"),
    ('id = "us_report"', 'id = "cn_report"', "its id has to begin with “us_”"),
    ('id = "us_report"', 'id = "us_Report 1"', "small letters"),
    ('name = "Report"', "", "“name” is missing"),
    ('name = "Report"', 'name = ""', "“name” says nothing"),
    ('name_zh = "报告"', 'name_zh = "Report"', "has to be Chinese"),
    ('when = "is_action"', "", "“when” is missing"),
    ('when = "is_action"', 'when = "is_actoin"', "“when” names is_actoin"),
    ('when = "is_action"', 'when = "is_action."', "“when” cannot be read"),
    ('start = "decision"', 'start = "decided"', "“start” names decided"),
    ('start = "decision"', 'start = "last_of(decision)"', "“start” cannot be read"),
    ("amount = 10", "", "a period in days needs an “amount”"),
    ("amount = 10", 'amount = "ten"', "has to be of the kind int"),
    ("amount = 10", "amount = -1", "cannot be less than nothing"),
    ("amount = 10", "amount = 10\nleast = 3", "only what a plan sets"),
    ('amount = 10\nunit = "days"', 'amount = 10\nunit = "immediate"', "has no “amount”"),
    ('amount = 10\nunit = "days"\ntarget = 5', 'unit = "immediate"', "needs a “target”"),
    ('amount = 10\nunit = "days"', 'amount = 10\nunit = "plan"\nleast = 12', "lies outside"),
    ('amount = 10\nunit = "days"', 'amount = 10\nunit = "plan"\nmost = 9', "lies outside"),
    ("target = 5", "target = 10", "has to lie before what the law asks for"),
    ("target = 5", 'target = 5\ndirection = "before"', "lies after what the law asks for"),
    ('unit = "days"', 'unit = "weeks"\ndirection = "before"', "before an event only"),
    ('unit = "days"', 'unit = "hours"\nroll = "next_work_day"', "rolls"),
    ('unit = "days"', 'unit = "weeks"\ntwo_work_days = true', "“two_work_days”"),
    ('unit = "days"', 'unit = "weeks"\nafter_years = 1', "“after_years”"),
    ('recipient = ["fda"]', 'recipient = ["fad"]', "knows no “fad”"),
    ('recipient = ["fda"]', "recipient = []", "nobody gets it"),
    ('calendar = "US"', 'calendar = "ZZ"', "no calendar of “ZZ”"),
    ('source = "21', 'gate = "agree_first"\nsource = "21', "has no gate “agree_first” here"),
    ('source = "21', 'row = "one"\nsource = "21', "is written as US-1"),
    ('source = "21', 'words = "x"\nsource = "21', "cited with the file"),
    ('source = "21', 'grade = "checked"\nsource = "21', "cites no words of the law"),
    ('source = "21', 'grade = "checked"\nbinding = false\nsource = "21', "guidance is never"),
    ('source = "21', 'note = "x"\nsource = "21', "a note stands in both languages"),
    ('source = "21', 'valid_from = 2026-02-01\nvalid_to = 2026-01-01\nsource = "21', "ends before"),
    ('source = "21 CFR 806.10(b)"', READING + 'roll = "none"', "says “why” and “why_zh”"),
    ('source = "21 CFR 806.10(b)"', READING + 'why = "x"\nwhy_zh = "某"', "changes nothing"),
    (
        'source = "21 CFR 806.10(b)"',
        READING + 'why = "x"\nwhy_zh = "某"\nname = "y"',
        "cannot change “name”",
    ),
    (
        'source = "21 CFR 806.10(b)"',
        READING + 'why = "x"\nwhy_zh = "某"\nstart = "decided"',
        "a reading: “start” names decided",
    ),
]


@pytest.mark.parametrize(("was", "now", "sentence"), BROKEN, ids=[one[2] for one in BROKEN])
def test_a_broken_rule_is_refused_in_words(
    tmp_path: Path, was: str, now: str, sentence: str
) -> None:
    assert was in GOOD
    assert sentence in said(tmp_path, GOOD.replace(was, now))


def test_two_versions_of_a_rule_never_hold_on_one_day(tmp_path: Path) -> None:
    again = GOOD.partition("[[rule]]")[2]
    both = f"{GOOD}valid_to = 2026-01-31\n[[rule]]{again}valid_from = 2026-01-31\n"
    assert "stands there twice for the same time" in said(tmp_path, both)
    assert said(tmp_path, both.replace("valid_from = 2026-01-31", "valid_from = 2026-02-01")) == ""


def test_a_file_of_no_jurisdiction_an_empty_one_and_none_are_refused(tmp_path: Path) -> None:
    assert "there is no file of rules" in "\n".join(problems_of(tmp_path))
    unknown = GOOD.replace('"us"', '"zz"')
    assert "names no jurisdiction “zz”" in said(tmp_path, unknown, "zz.toml")
    (tmp_path / "zz.toml").unlink()
    assert "there is no rule in it" in said(tmp_path, 'jurisdiction = "us"')


def test_nothing_is_loaded_while_anything_is_broken(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "us.toml"
    path.write_text(path.read_text("utf-8").replace("amount = 10\n", "", 1), "utf-8")
    with pytest.raises(RulesBroken, match="us_806_report: a period in work_days needs"):
        rulebook._read(tmp_path)
    told = CliRunner().invoke(main, ["regulators", "check", str(tmp_path)])
    assert told.exit_code == 1
    assert "us.toml, us_806_report: a period in work_days needs an “amount”" in told.output


def test_the_rules_that_are_delivered_are_sound() -> None:
    told = CliRunner().invoke(main, ["regulators", "check"])
    assert told.exit_code == 0, told.output
    assert told.output == "99 rules: 69 checked, 30 unverified\n"
