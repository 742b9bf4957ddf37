"""Every kind of field: what it takes, what it refuses, and how it comes back from a page."""

import json
from dataclasses import replace

import pytest

from forms.errors import FormProblems
from forms.kinds_found import kind_names
from forms.schema import FormSchema
from forms.words import catalogue
from tests.forms.examples import KINDS
from tests.forms.pages import TEMPLATES, page, posted

STATIC = TEMPLATES.parent / "static" / "kinds"
TAKING = [(kind, *case) for kind, (_, cases, _) in KINDS.items() for case in cases]
REFUSING = [(kind, raw) for kind, (_, _, refused) in KINDS.items() for raw in refused]


def raw_can_be_shown(raw):
    """Say whether a browser could have sent it: no halves of characters, no control characters."""
    said = json.dumps(raw)
    return "\\u0000" not in said and "\\ud800" not in said and len(said) < 1000


@pytest.fixture
def one(form_of):
    """Make a form with one field of a kind; it writes a variable."""

    def make(kind, more=""):
        options = KINDS[kind][0] if kind in KINDS else ""
        return form_of(
            f'id = "answer"\nkind = "{kind}"\nlabel = "The answer"\nvariable = "told"\n'
            f"{options}\n{more}"
        )

    return make


def test_every_kind_has_examples_a_template_and_the_script_it_names(one):
    assert set(kind_names()) == {*KINDS, "signature"}
    assert {p.stem for p in (TEMPLATES / "kinds").glob("*.html")} == set(kind_names())
    for kind in KINDS:
        found = one(kind).kinds["answer"]
        assert found.has_script == (STATIC / f"{kind}.js").exists(), kind


@pytest.mark.parametrize(("kind", "raw", "answer", "variable"), TAKING)
def test_a_good_answer_is_taken_as_json_and_told_to_the_diagram(
    one, context, kind, raw, answer, variable
):
    loaded = one(kind).load({"answer": raw}, context)

    assert answer is None or loaded.answers == {"answer": answer}
    assert loaded.variables == {"told": variable}
    assert json.loads(json.dumps(loaded.answers)) == loaded.answers


@pytest.mark.parametrize(("kind", "raw", "answer", "variable"), TAKING)
def test_an_accepted_answer_can_be_edited_again(one, context, kind, raw, answer, variable):
    form = one(kind)
    first = form.load({"answer": raw}, context)

    assert form.load(first.answers, context) == first


@pytest.mark.parametrize(("kind", "raw", "answer", "variable"), TAKING)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_a_page_shows_is_what_it_posts(one, context, kind, raw, answer, variable, language):
    form = one(kind)
    first = form.load({"answer": raw}, context)

    back = form.raw(posted(page(form, context, first.answers)))
    shown = form.shown(first.answers, language)

    if kind == "attachments":  # the page shows a file that is attached as a tick
        assert back == {"answer": ["a" * 64]}
    assert form.load(back, context) == first
    assert len(shown) == 1
    assert str(shown[0][2])


@pytest.mark.parametrize(("kind", "raw"), REFUSING)
def test_a_wrong_answer_is_told_at_its_field_in_both_languages(one, context, kind, raw):
    with pytest.raises(FormProblems) as caught:
        one(kind).load({"answer": raw}, context)

    for problem in caught.value.problems:
        assert problem.at.partition(".")[0] in {"answer", ""}
        assert "%(" not in problem.said("en")
        # the form made up here is not translated, every sentence of ours is
        assert problem.sentence in catalogue("zh") or "such as CAPA-12" in problem.sentence


@pytest.mark.parametrize(("kind", "raw"), REFUSING)
def test_a_page_shows_any_raw_answer_and_what_is_wrong_with_it(one, context, kind, raw):
    form = one(kind)
    with pytest.raises(FormProblems) as caught:
        form.load({"answer": raw}, context)
    if not raw_can_be_shown(raw):
        return

    tree = page(form, context, {"answer": raw}, caught.value.problems)

    said = {e.get("id"): e.text_content() for e in tree.xpath("//*[contains(@class, 'wrong')]")}
    ids = {element.get("id") for element in tree.xpath("//*[@id]")}
    for problem in caught.value.problems:
        assert str(problem) in said[f"wrong-{problem.anchor}"]
        assert f"field-{problem.anchor}" in ids


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("raw", [None, "", "  \r\n", [], {}, [None], {"x": ""}])
def test_an_empty_answer_is_missing_and_said_in_the_fields_words(one, context, kind, raw):
    with pytest.raises(FormProblems) as caught:
        one(kind, 'missing = "Enter a lot number"').load({"answer": raw}, context)

    assert [(p.at, str(p)) for p in caught.value.problems] == [("answer", "Enter a lot number")]


@pytest.mark.parametrize("kind", KINDS)
def test_an_optional_field_may_stay_empty_and_tells_the_diagram_none(one, context, kind):
    form = one(kind, "required = false")

    tree = page(form, context)
    loaded = form.load(form.raw(posted(tree)), context)

    assert loaded.answers == {}
    assert loaded.variables == {"told": None}
    assert str(form.shown({}, "en")[0][2]) == "Not answered"
    assert "(optional)" in tree.text_content()


@pytest.mark.parametrize("kind", KINDS)
def test_every_control_on_a_page_has_a_name_for_those_who_cannot_see_it(one, context, kind):
    tree = page(one(kind), context)

    for control in tree.xpath("//form//*[self::input or self::select or self::textarea]"):
        if control.get("type") == "hidden":
            continue
        labels = tree.xpath(f"//label[@for='{control.get('id')}']") if control.get("id") else []
        assert labels or list(control.iterancestors("label")) or control.get("aria-label")
    ids = [element.get("id") for element in tree.xpath("//*[@id]")]
    assert len(ids) == len(set(ids))
    for element in tree.xpath("//*[@aria-describedby]"):
        assert set(element.get("aria-describedby").split()) <= set(ids)


@pytest.mark.parametrize("kind", KINDS)
def test_what_people_type_never_becomes_markup(one, context, kind):
    attack = '"><script>alert(1)</script>{{ 7 * 7 }}'
    parts = "local zone quantity uom amount currency number because scanned".split()
    line = dict.fromkeys(("units", "quantity", "justification", "conditions"), attack)
    row = dict.fromkeys(("description", "quantity"), attack)
    counts = [{"key": "lot:7@QA-1", "counted": attack, "good": attack}]
    raws = [attack, [attack], dict.fromkeys(parts, attack), counts]
    raws += [{"lines": [line]}, {"unidentified": [row]}, {"counts": counts}]
    for raw in raws:
        form = one(kind)
        problems = []
        try:
            form.load({"answer": raw}, context)
        except FormProblems as caught:
            problems = caught.problems
        assert not page(form, context, {"answer": raw}, problems).xpath("//script")


def test_a_file_that_was_stored_is_added_to_those_that_are_ticked(one, context):
    form = one("attachments")

    raw = form.with_files({}, {form.file_inputs["answer-file"]: ["a" * 64]})

    assert form.load(raw, context).variables == {"told": 1}
    assert form.with_files(raw, {"answer": ["b" * 64]})["answer"] == ["a" * 64, "b" * 64]


def test_a_signature_is_no_answer_and_takes_none(form_of, context):
    form = form_of('id = "sign"\nkind = "signature"\nlabel = "Your signature"')

    assert form.load({}, context).answers == {}
    assert form.shown({}, "en") == []
    with pytest.raises(FormProblems):
        form.load({"sign": "Wei Chen"}, context)


def test_the_rest_of_the_units_goes_to_the_line_that_asks_for_it(one, context):
    lines = [
        {"units": "SN-1", "type": "rework", "justification": "Loose"},
        {"lot": "rest:P-100", "type": "scrap", "justification": "Cracked"},
    ]
    answer = one("disposition_lines").load({"answer": {"lines": lines}}, context).answers["answer"]

    assert [unit["serial"] for unit in answer["lines"][1]["units"]] == ["SN-2"]
    assert answer["pending"] == {"each": "11"}


def test_a_line_more_or_less_needs_no_script(one, context):
    form = one("disposition_lines")
    first = posted(page(form, context, {"answer": {"lines": [{"type": "scrap"}]}}))

    more = form.rearranged(type(first)([*first.items(multi=True), ("_add", "answer")]))
    tree = page(form, context, more)
    filled = posted(tree, ("_remove", "answer-0"))
    filled["answer-1-justification"] = "Second"

    assert len(tree.xpath("//*[@data-row]")) == 2
    assert form.rearranged(first) is None
    rest = form.rearranged(filled)["answer"]["lines"]
    assert [line["justification"] for line in rest] == ["Second"]


def test_hours_that_come_twice_are_taken_as_the_earlier_one(one, context):
    raw = {"local": "2025-10-26T02:30", "zone": "Europe/Berlin"}

    assert one("datetime").load({"answer": raw}, context).variables == {
        "told": "2025-10-26T00:30:00+00:00"
    }


def test_a_blind_count_does_not_show_what_is_expected(form_of, context):
    field = 'id = "answer"\nkind = "segregation"\nlabel = "Count"\nblind = {}'

    assert page(form_of(field.format("false")), context).xpath("//*[@data-expected]")
    assert not page(form_of(field.format("true")), context).xpath("//*[@data-expected]")


def test_the_api_describes_every_kind(one):
    for kind in KINDS:
        form = one(kind)
        assert issubclass(form.schema_class, FormSchema)
        assert form.kinds["answer"].metadata["type"]


DESTROYED = 'good = "Destroyed"\nbad = "Not found or not destroyed"\nscanned = "good"'


def test_each_unit_that_is_scanned_as_destroyed_counts_and_the_others_stay_pending(one, context):
    form = one("piece_results", DESTROYED)
    raw = {
        "rows": [{"key": "lot:7@QA-1", "good": "10", "bad": "0"}],
        "good": "SN-1\nSN-2",
        "rest_is_bad": True,
    }

    loaded = form.load({"answer": raw}, context)

    assert {row["name"]: row["good"] for row in loaded.answers["answer"]} == {
        "SN-1": "1", "SN-2": "1", "SN-3": "0", "LOT-7": "10",
    }  # fmt: skip
    assert loaded.variables == {"told": "12"}
    assert form.load(loaded.answers, context) == loaded


def test_a_unit_nobody_spoke_of_is_asked_for_in_the_words_of_the_step(one, context):
    raw = {"rows": [{"key": "lot:7@QA-1", "good": "10", "bad": "0"}], "good": "SN-1\nSN-2"}

    with pytest.raises(FormProblems) as caught:
        one("piece_results", DESTROYED).load({"answer": raw}, context)

    (problem,) = caught.value.problems
    assert str(problem) == "Choose for SN-3: “Destroyed” or “Not found or not destroyed”."
    assert problem.said("zh") == "请为 SN-3 选择“已销毁”还是“未找到或未销毁”。"


def test_the_page_and_the_record_say_what_became_of_the_pieces_in_the_words_of_the_step(
    one, context
):
    form = one("piece_results", DESTROYED)
    rows = [{"key": f"unit:{n}", "result": "good" if n < 4 else "bad"} for n in (1, 2, 4)]
    rows.append({"key": "lot:7@QA-1", "good": "8", "bad": "2"})
    loaded = form.load({"answer": rows}, context)

    words = page(form, context, loaded.answers).text_content()
    shown = form.shown(loaded.answers, "en")[0][2]

    assert "Destroyed" in words
    assert "Good" not in words
    assert shown.lines == (
        "Destroyed: P-100 (2): SN-1, SN-2",
        "Not found or not destroyed: P-200 (1): SN-3",
    )
    assert shown.head[-2:] == ("Destroyed", "Not found or not destroyed")
    assert shown.rows == (("R-1", "LOT-7", "QA-1", "8", "2"),)


@pytest.mark.parametrize("step", ["destroy_units", "perform_rework", "relabel_units"])
def test_only_sorting_asks_whether_a_piece_is_good_or_bad(step):
    from forms import library

    kinds = library.form("disposition_line", step).kinds
    asked = [kind for kind in kinds.values() if kind.asked.kind == "piece_results"]

    assert [kind.option("good") for kind in asked] != ["Good"]
    assert [kind.option("bad") for kind in asked] != ["Bad"]


@pytest.mark.parametrize(
    ("scanned", "sentence"),
    [
        ("LOT-7 x 0", "write how many as a number greater than zero"),
        ("LOT-7 x -3", "write how many as a number greater than zero"),
        ("LOT-7 x 1.5", "it is counted in whole pieces"),
        ("SN-1 x 5", "SN-1 is the serial of one unit. Take away “× 5”"),
        ("LOT-7 x 5\nLOT-7 x 3", "LOT-7 stands on several lines (5, 3)"),
        ("LOT-7 x 5\nLOT-7 x 5", "LOT-7 stands on several lines (5, 5)"),
        ("LOT-7\nLOT-7 x 5", "LOT-7 stands on several lines (all of it, 5)"),
        ("(01)WRONG", "The check digit of (01)WRONG is wrong. Scan the label again"),
    ],
)
def test_a_slip_that_can_be_named_is_told_at_the_scans_of_a_report(one, context, scanned, sentence):
    asked = replace(context, has_wrong_check_digit=lambda text: text == "(01)WRONG")
    with pytest.raises(FormProblems) as refused:
        one("suspects").load({"answer": {"scanned": scanned}}, asked)

    [problem] = refused.value.problems
    assert sentence in str(problem)
    assert problem.at == "answer.scanned"


def test_what_cannot_be_identified_is_no_slip_whatever_its_number_says(one, context):
    raw = {"scanned": "TRAY x 0\nSN-1\nSN-1\nLOT-7\nLOT-7"}
    answer = one("suspects").load({"answer": raw}, context).answers["answer"]

    assert [row["description"] for row in answer["unidentified"]] == ["TRAY x 0"]
    assert (len(answer["units"]), len(answer["lots"])) == (1, 1)


def test_the_same_lot_counted_on_two_lines_is_asked_about_where_lots_are_listed(one, context):
    with pytest.raises(FormProblems, match="stands on several lines"):
        one("lots").load({"answer": "LOT-7 x 5\nLOT-7 x 3"}, context)
