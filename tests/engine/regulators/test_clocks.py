"""Due times: hand-worked tables around holidays, and examples of the regulations."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from engine.regulators import calendars, clocks, reportability, rulebook
from engine.regulators.calendars import of_country
from engine.regulators.clocks import Due, due, governing
from engine.regulators.incidents import report_due
from engine.regulators.triggers import applies

DAY = timedelta(days=1)


def at(text: str, country: str) -> datetime:
    """A moment by the clock of a country's authority."""
    return datetime.fromisoformat(text).replace(tzinfo=of_country(country).zone)


def run(rule_id: str, country: str = "", **facts: str) -> Due:
    rule = rulebook.named(rule_id)
    country = country or rule.calendar
    found = due(rule, {k: at(v, country) for k, v in facts.items()}, of_country(country))
    assert found is not None
    return found


def last_day(found: Due, country: str = "") -> str:
    assert found.latest_at is not None
    calendar = of_country(country or found.rule.calendar)
    assert found.latest_at.astimezone(calendar.zone).strftime("%H:%M:%S") == "23:59:59"
    return f"{calendar.day_of(found.latest_at)}"


# --- hand-worked -----------------------------------------------------------------------------

# rule, country, fact, its day, the last day by the text
TABLE = [
    # US: Thanksgiving 2026-11-26; Christmas and New Year are Fridays; 4 July is a Saturday, kept
    # on the 3rd; Washington's birthday 2026-02-16
    ("us_806_report", "US", "initiation", "2026-11-20", "2026-12-07"),
    ("us_806_report", "US", "initiation", "2026-11-25", "2026-12-10"),
    ("us_806_report", "US", "initiation", "2026-12-22", "2027-01-07"),
    ("us_803_5_day", "US", "remedial_need", "2026-07-01", "2026-07-09"),
    ("us_803_5_day", "US", "awareness", "2026-02-13", "2026-02-23"),
    ("us_810_termination", "US", "termination_requested", "2026-11-06", "2026-12-22"),
    ("us_803_30_day", "US", "awareness", "2026-01-30", "2026-03-01"),  # a Sunday stays
    ("us_803_30_day", "US", "awareness", "2028-01-30", "2028-02-29"),
    ("us_803_30_day", "US", "awareness", "2026-12-05", "2027-01-04"),
    ("us_803_18_keep_event", "US", "event_date", "2024-02-29", "2026-02-28"),
    # EU: Good Friday 2026-04-03 and Easter Monday 2026-04-06; Italy works on Good Friday
    ("eu_87_5", "DE", "awareness", "2026-03-24", "2026-04-07"),
    ("eu_87_5", "IT", "awareness", "2026-03-24", "2026-04-03"),
    ("eu_87_5", "IT", "awareness", "2026-03-27", "2026-04-07"),
    ("eu_87_3", "DE", "awareness", "2026-12-11", "2026-12-28"),
    ("eu_87_3", "FR", "awareness", "2026-12-17", "2027-01-04"),
    ("eu_87_4", "DE", "threat_awareness", "2026-04-02", "2026-04-08"),
    ("eu_87_4", "DE", "threat_awareness", "2026-11-20", "2026-11-24"),
    ("eu_87_4", "DE", "threat_awareness", "2026-11-19", "2026-11-23"),
    ("eu_87_4", "DE", "threat_awareness", "2026-11-18", "2026-11-20"),
    ("eu_10_8_keep", "DE", "last_placed", "2024-02-29", "2034-02-28"),
    # China 2026: 1 to 7 October off, worked on 20 September and 10 October; 15 to 23 February off,
    # worked on the 14th and the 28th
    ("cn_16_plan", "CN", "decision", "2026-09-29", "2026-10-12"),
    ("cn_22_summary", "CN", "completion", "2026-09-18", "2026-10-09"),
    ("cn_16_plan", "CN", "decision", "2026-02-12", "2026-02-26"),
    ("cn_16_plan", "CN", "decision", "2025-12-30", "2026-01-07"),
    ("cn_16_plan", "CN", "decision", "2025-09-26", "2025-10-10"),
    ("cn_16_province", "CN", "event_form_submitted", "2026-10-09", "2026-10-10"),
    ("cn_25_serious", "CN", "awareness", "2026-09-11", "2026-10-01"),  # 日: a holiday stays
    ("cn_15_class_3", "CN", "decision", "2026-12-28", "2027-01-04"),
    # Canada: days are days
    ("ca_65", "CA", "completion", "2026-12-15", "2027-01-14"),
    ("ca_60_10", "CA", "awareness", "2026-06-21", "2026-07-01"),
    # Australia: the day of the report counts in reg. 5.8A; weeks
    ("au_5_8a", "AU", "report_submitted", "2026-03-01", "2026-06-28"),
    ("au_prac_interim", "AU", "initiation", "2026-11-20", "2027-01-01"),
    ("au_prac_close", "AU", "initiation", "2026-11-20", "2027-02-12"),
    ("au_prac_letter", "AU", "gate_opened", "2026-04-02", "2026-04-07"),
    ("jp_15_day", "JP", "awareness", "2026-04-28", "2026-05-13"),
    ("gb_surveillance", "GB", "report_request", "2026-12-24", "2026-12-31"),
]


@pytest.mark.parametrize(
    ("rule", "country", "fact", "day", "last"), TABLE, ids=[" ".join(one) for one in TABLE]
)
def test_a_due_date_is_the_one_worked_out_by_hand(
    rule: str, country: str, fact: str, day: str, last: str
) -> None:
    assert last_day(run(rule, country, **{fact: f"{day} 16:40"}), country) == last


def test_a_day_is_counted_where_the_authority_is() -> None:
    """Saturday morning in Shanghai is still Friday evening in Washington."""
    moment = at("2026-11-21 09:00", "CN")
    assert moment == at("2026-11-20 20:00", "US")
    for rule_id, last in (("us_806_report", "2026-12-07"), ("au_prac_interim", "2027-01-02")):
        rule = rulebook.named(rule_id)
        found = due(rule, {"initiation": moment}, of_country(rule.calendar))
        assert found is not None
        assert last_day(found) == last


def test_hours_are_hours_also_in_the_night_the_clocks_are_set_back() -> None:
    found = run("ca_63_2", decision="2026-10-31 23:30")
    assert found.latest_at == at("2026-11-01 22:30", "CA")
    assert found.said("en") == (
        "decided 2026-10-31 23:30 GMT-4 · 24 hours → 2026-11-01 22:30 GMT-5"
    )
    assert found.target_at == at("2026-11-01 10:30", "CA")


def test_48_hours_for_comments_are_two_weekdays() -> None:
    for sent, until in (
        ("2026-11-17 10:00", "2026-11-19 10:00"),
        ("2026-11-20 16:00", "2026-11-24 16:00"),
        ("2026-11-21 10:00", "2026-11-25 00:00"),
    ):
        assert run("eu_89_8_wait", "DE", draft_notice_sent=sent).latest_at == at(until, "DE")


def test_what_comes_before_an_event_is_due_before_it() -> None:
    fsca = run("eu_87_8", "DE", planned_start="2026-11-30 08:00", initiation="2026-12-01 08:00")
    assert fsca.alarm_at == at("2026-11-30 08:00", "DE")
    assert fsca.target_at == at("2026-11-28 08:00", "DE")
    canada = run("ca_64", planned_start="2026-11-30 08:00")
    assert last_day(canada) == "2026-11-30"
    assert canada.said("en").endswith("on or before 2026-11-30 · Monday, working day")
    order = replace(rulebook.named("ca_64"), unit="work_days", amount=3)
    found = due(order, {"planned_start": at("2026-12-29 08:00", "CA")}, of_country("CA"))
    assert found is not None
    assert last_day(found) == "2026-12-23", "Christmas, and Boxing Day on a Saturday"


def test_where_day_0_counts_it_is_the_first_working_day() -> None:
    rule = replace(rulebook.named("us_803_5_day"), counts_day_zero=True)
    found = due(rule, {"awareness": at("2026-11-20 09:00", "US")}, of_country("US"))
    assert found is not None
    assert last_day(found) == "2026-11-27"


def test_what_is_due_at_once_has_the_hours_we_give_ourselves() -> None:
    found = run("cn_16_form", decision="2026-11-20 16:40")
    assert found.latest_at is None
    assert found.alarm_at == found.target_at == at("2026-11-21 16:40", "CN")
    assert found.said("zh") == (
        "作出决定 2026-11-20 16:40 GMT+8 · 立即，条文未规定期限"
        " · 内部目标：24 小时 → 2026-11-21 16:40 GMT+8"
    )


def test_a_plan_sets_the_interval_and_no_longer_one_than_the_rule_allows() -> None:
    status, facts = rulebook.named("us_7_53_status"), {"initiation": at("2026-11-20 09:00", "US")}
    for plan, number, last, aimed in (
        (None, 1, "2026-12-20", "2026-12-15"),
        (14, 1, "2026-12-04", "2026-12-04"),
        (14, 3, "2027-01-01", "2027-01-01"),
        (45, 2, "2027-01-19", "2027-01-14"),
    ):
        found = due(status, facts, of_country("US"), plan_days=plan, occurrence=number)
        assert found is not None
        assert last_day(found) == last
        assert found.target_at == of_country("US").end_of(date.fromisoformat(aimed))
    china = run("cn_20_progress", initiation="2026-11-20 09:00")
    assert china.latest_at is None
    assert "the plan sets the interval, and has not yet" in clocks.line(china.reads[0].steps, "en")
    assert china.alarm_at == at("2026-12-04 23:59:59", "CN")


def test_a_yearly_report_runs_from_each_anniversary() -> None:
    rule, facts = rulebook.named("cn_39_periodic"), {"first_registration": at("2024-02-29", "CN")}
    found = [due(rule, facts, of_country("CN"), occurrence=number) for number in (1, 4)]
    assert [last_day(one) for one in found if one] == ["2025-04-29", "2028-04-29"]


def test_what_nothing_started_is_not_due_and_what_waits_or_stays_has_no_end() -> None:
    rule = rulebook.named("us_806_report")
    assert due(rule, {"decision": at("2026-11-20 09:00", "US")}, of_country("US")) is None
    assert run("cn_21_disposal", disposal_asked="2026-11-20 09:00").alarm_at is None
    assert run("cn_22_keep_implant", event_date="2026-11-20").alarm_at is None


# --- examples the regulations work out -------------------------------------------------------


def test_the_examples_of_mdcg_2023_3_question_14() -> None:
    first = run("eu_87_3", "DE", awareness="2022-06-01 09:00", reportability="2022-07-01 09:00")
    assert [f"{one.latest_at:%Y-%m-%d}" for one in first.reads] == ["2022-07-18", "2022-07-16"]
    assert first.alarm_at == at("2022-07-16 23:59:59", "DE"), "alarms go by the earlier reading"
    assert "is not moved" in first.why("en")
    assert first.why("zh").startswith("MDCG 2023-3")
    death = run("eu_87_5", "DE", awareness="2022-07-02 09:00")
    assert last_day(death, "DE") == "2022-07-12"
    assert governing([first, death]) == death, "the earliest of several clocks governs"


def test_where_1182_71_may_lengthen_a_period_alarms_go_by_the_shorter() -> None:
    found = run("eu_87_4", "DE", threat_awareness="2026-11-20 09:00")
    assert last_day(found, "DE") == "2026-11-24"
    assert found.alarm_at == at("2026-11-22 23:59:59", "DE")
    assert "two working days at least: 2026-11-24" in clocks.line(found.reads[0].steps, "en")
    assert found.target_at == at("2026-11-21 23:59:59", "DE"), "what we aim at is not moved"
    late = replace(found.rule, target=3)
    shown = due(late, {"threat_awareness": found.started_at}, of_country("DE"))
    assert shown is not None
    assert shown.target_at == shown.alarm_at, "nor aimed at when it is too late"


def test_what_is_kept_is_kept_for_the_longer_period() -> None:
    dues = [
        run("us_803_18_keep_event", event_date="2026-03-05"),
        run("us_803_18_keep_life", end_of_life="2033-06-30"),
    ]
    assert governing(dues) == dues[1]
    assert governing([]) is None


def test_the_arithmetic_is_printed_step_by_step_in_both_languages() -> None:
    rule = replace(rulebook.named("us_803_30_day"), amount=10, calendar="CN")
    found = due(rule, {"awareness": at("2026-11-20 16:40", "CN")}, of_country("CN"))
    assert found is not None
    assert found.said("en") == (
        "aware 2026-11-20 16:40 GMT+8 · day 0 not counted · 10 calendar days → 2026-11-30"
        " · Monday, working day"
    )
    assert found.said("zh") == (
        "知悉 2026-11-20 16:40 GMT+8 · 第 0 日不计入 · 10 个日历日 → 2026-11-30 · 星期一，工作日"
    )
    october = run("cn_16_plan", decision="2026-09-29 16:40")
    assert "without the public holidays 2026-10-01, 2026-10-02, 2026-10-05" in october.said("en")
    assert "with the worked days 2026-10-10" in october.said("en")
    assert "the worked weekends of 2027 are not known yet" in run(
        "cn_16_plan", decision="2026-12-30 10:00"
    ).said("en")
    for rule in rulebook.listed():
        facts = {name: at("2026-11-20 16:40", "CN") for name in clocks.CLOCKS}
        shown = due(rule, facts, of_country("CN"))
        assert shown is not None
        assert not any("a" <= one <= "z" for one in _without_proper_names(shown.said("zh")))


def _without_proper_names(text: str) -> str:
    return text.replace("GMT", "")


def test_every_report_of_an_event_has_its_due_time_where_it_happened() -> None:
    def by(code: str, report: str, country: str | None, aware: str = "2026-03-24 09:00") -> str:
        found = report_due(code, report, at(aware, country or "US"), country=country)
        return f"{found.alarm_at:%Y-%m-%d}" if found and found.alarm_at else "none"

    assert by("US", "us_5_day", "US", "2026-07-01 09:00") == "2026-07-09"
    assert by("US", "us_30_day", None) == "2026-04-23"
    assert by("EU", "eu_10_day", "DE") == "2026-04-03", "the unmoved reading"
    assert by("CN", "cn_7_day", "CN") == "2026-03-31", "the report, not the evaluation"
    assert by("GB", "gb_10_day", "GB", "2025-06-01 09:00") == "none", "before it was law"
    for code, asked in reportability.listed().items():
        for report in asked.reports:
            assert by(code, report.code, None) != "none", report.code


# --- which rules apply -----------------------------------------------------------------------


def test_what_nobody_decided_runs_as_if_reportable_and_of_the_highest_class() -> None:
    def asked(code: str, **known: object) -> set[str]:
        return {one.id for one in rulebook.of_jurisdiction(code) if one.about == "action"
                and one.whose == "ours" and applies(one, known, {})}  # fmt: skip

    assert {"us_806_report", "us_7_53_status"} <= asked("US")
    assert not {"us_806_20_record", "us_806_amendment"} & asked("US")
    extended = {"extension_initiation": at("2026-11-20 09:00", "US")}
    assert applies(rulebook.named("us_806_amendment"), {}, extended)
    assert asked("US", is_reportable=False) == {"us_806_20_record"}
    assert asked("US", is_action=False) == set()
    assert {one for one in asked("CN") if one.startswith("cn_15")} == {"cn_15_class_1"}
    assert {one for one in asked("CN", class_name="nmpa_2") if one.startswith("cn_15")} == {
        "cn_15_class_2"
    }
    assert "cn_6_abroad" in asked("CN", has_units=False, is_authorised=True)


def test_china_works_as_the_state_council_says_and_as_the_holidays_package_knows() -> None:
    calendar = of_country("CN")
    package = calendars.holidays.country_holidays("CN", years=[2024, 2025, 2026])
    day = date(2024, 1, 1)
    while day.year < 2027:
        assert calendar.is_working(day) == package.is_working_day(day), day
        day += DAY
    assert not calendar.is_sure_of(2027)
    assert of_country("US").is_sure_of(2027)


def test_every_country_of_a_rule_has_its_holidays_and_its_time() -> None:
    for country in calendars.COUNTRIES:
        assert len(calendars.public_holidays(country, 2026)) >= 5
        assert of_country(country).zone != calendars.UTC or country == "IS"
    assert of_country("BR").is_working(date(2026, 11, 20))
