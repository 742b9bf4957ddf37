"""A form as a whole: its file, its conditions, its problems, its page."""

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from forms import library
from forms.conditions import for_script
from forms.errors import FormNotFound, FormProblems, FormRefused
from tests.forms.examples import KINDS
from tests.forms.pages import page, posted

OUTCOME = """id = "outcome"
kind = "choice"
label = "Outcome"
variable = "outcome"
choices = [
  { value = "confirmed", label = "Confirmed" },
  { value = "duplicate", label = "Duplicate" },
]
"""
DUPLICATE_OF = """id = "duplicate_of"
kind = "text"
label = "Case that already runs"
show_when = "outcome == 'duplicate'"
variable = "duplicate_of"
"""


@pytest.fixture
def triage(form_of):
    return form_of(OUTCOME, DUPLICATE_OF)


def problems_of(form, raw, context):
    with pytest.raises(FormProblems) as caught:
        form.load(raw, context)
    return {problem.at: str(problem) for problem in caught.value.problems}


def taken_or_told(form, raw, context):
    try:
        return form.load(raw, context), ()
    except FormProblems as caught:
        return None, caught.problems


def test_a_field_that_is_not_asked_is_not_required(triage, context):
    loaded = triage.load({"outcome": "confirmed", "duplicate_of": " "}, context)

    assert loaded.answers == {"outcome": "confirmed"}
    assert loaded.variables == {"outcome": "confirmed", "duplicate_of": None}
    assert len(triage.shown(loaded.answers, "en")) == 1


def test_a_field_that_is_asked_is_required(triage, context):
    assert set(problems_of(triage, {"outcome": "duplicate"}, context)) == {"duplicate_of"}


def test_an_answer_to_a_field_that_is_not_asked_is_refused_and_not_dropped(triage, context):
    raw = {"outcome": "confirmed", "duplicate_of": "NC-2026-0001"}

    assert "Leave this empty" in problems_of(triage, raw, context)["duplicate_of"]


def test_every_problem_is_told_at_once_in_the_order_of_the_form(form_of, context):
    form = form_of(*(f'id = "f{n}"\nkind = "text"\nlabel = "Field {n}"' for n in range(5)))

    assert list(problems_of(form, {"f2": 7, "what": 1}, context)) == [
        "what", "f0", "f1", "f2", "f3", "f4",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["typename", "csrf_token", "__class__", "x" * 500])
def test_an_answer_nobody_asked_for_is_refused(triage, context, name):
    said = problems_of(triage, {"outcome": "confirmed", name: "x"}, context)

    assert said == {name[:80]: f"This form does not ask for {name[:80]}."}


@pytest.mark.parametrize(
    "raw",
    [[], "text", None, {"outcome": b"x"}, {"outcome": float("nan")}, {1: 2}, {"outcome": {1}}],
)
def test_what_is_no_json_object_is_refused(triage, context, raw):
    assert problems_of(triage, raw, context)


def test_data_that_nests_without_end_is_refused_before_it_is_read(triage, context):
    raw = []
    raw.append(raw)

    assert "more than one form can take" in problems_of(triage, {"outcome": raw}, context)[""]
    assert problems_of(triage, {"outcome": [0] * 60_000}, context)[""]


def test_a_whole_page_comes_back_as_it_was_sent(form_of, context):
    fields = [
        f'id = "f_{kind}"\nkind = "{kind}"\nlabel = "About {kind}"\n{options}'
        for kind, (options, _, _) in KINDS.items()
    ]
    form = form_of(*fields)
    raw = {f"f_{kind}": cases[0][0] for kind, (_, cases, _) in KINDS.items()}
    loaded = form.load(raw, context)

    tree = page(form, context, loaded.answers, accepted=loaded.answers)

    assert form.load(form.raw(posted(tree)), context) == loaded
    changes = [a.get("href") for a in tree.xpath("//dd/a")]
    assert changes == [f"/change#field-f_{kind}" for kind in KINDS]
    ids = {element.get("id") for element in tree.xpath("//*[@id]")}
    assert {change.partition("#")[2] for change in changes} <= ids


def test_a_number_longer_than_any_label_is_not_taken_apart(form_of, context):
    form = form_of('id = "units"\nkind = "units"\nlabel = "Units"')

    said = problems_of(form, {"units": "a" + " " * 3_000 + "x"}, context)

    assert "No unit is known" in said["units"]


def test_pressing_enter_never_changes_rows(form_of, context):
    form = form_of('id = "lines"\nkind = "disposition_lines"\nlabel = "Lines"')

    assert page(form, context).xpath("//form//button")[0].get("name") is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from(["SN-1", "LOT-7", "a", "yes", "2026-03-04", "UTC", "each", "12"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from([
            "local", "zone", "at", "quantity", "uom", "amount", "currency", "scanned", "units",
            "lots", "unidentified", "description", "counts", "key", "counted", "none", "lines",
            "type", "lot", "justification", "good", "bad", "sha256", "person_id", "number",
            "because", "unit_id", "serial", "part_no", "lot_id", "lot_number", "is_scan",
        ]),
        inner, max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(raw=JSON)
def test_whatever_is_sent_is_taken_or_told_as_problems(form_of, context, kind, raw):
    form = form_of(f'id = "answer"\nkind = "{kind}"\nlabel = "The answer"\n{KINDS[kind][0]}')
    loaded, problems = taken_or_told(form, {"answer": raw}, context)

    assert (loaded is None) == bool(problems)
    assert all(problem.said("zh") for problem in problems)
    if loaded is None:
        return
    assert form.load(loaded.answers, context).answers == loaded.answers
    assert form.shown(loaded.answers, "zh")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ('id = "a"\nkind = "text"', "label is missing"),
        ('id = "a"\nkind = "essay"\nlabel = "A"', "there is no kind essay"),
        ('id = "a"\nkind = "text"\nlabel = "A"\nhelp = "x"', "help is not a key here"),
        ('id = "a"\nkind = "date"\nlabel = "A"\nmax_length = 5', "max_length is not a key here"),
        ('id = "typename"\nkind = "text"\nlabel = "A"', "reserved"),
        ('id = "len"\nkind = "text"\nlabel = "A"', "reserved"),
        ('id = "A b"\nkind = "text"\nlabel = "A"', "not snake_case"),
        ('id = "a"\nkind = "text"\nlabel = "A"\nvariable = "get"', "reserved"),
        ('id = "a"\nkind = "text"\nlabel = "A"\nshow_when = "later"', "not asked earlier"),
        ('id = "a"\nkind = "text"\nlabel = "A"\nshow_when = "a.b"', "show_when"),
        ('id = "a"\nkind = "choice"\nlabel = "A"', "at least one choices"),
        ('id = "a"\nkind = "text"\nlabel = "A"\nchoices = []', "no choices"),
        ('id = "a"\nkind = "text"\nlabel = "A"\nmax_length = "5"', "max_length cannot be"),
        ('id = "a"\nkind = "text"\nlabel = "A"\npattern = "[a"', "come together"),
        ('id = "a"\nkind = "text"\nlabel = "A"\npattern = "[a"\npattern_words = "x"', "be read"),
        ('id = "a"\nkind = "confirm"\nlabel = "A"', "sentence is missing"),
        ('id = "a"\nkind = "country"\nlabel = "A"\ncountries = ["XX"]', "no country XX"),
        ('id = "a"\nkind = "money"\nlabel = "A"\ncurrencies = ["BTC"]', "no currency BTC"),
        ('id = "a"\nkind = "quantity"\nlabel = "A"\nuoms = ["stone"]', "no unit of measure stone"),
        ('id = "a"\nkind = "text"\nlabel = "A"\nbeside = ["news"]', "beside takes"),
        ('id = "a"\nkind = "text"\nlabel = "A"\nrequired = "yes"', "required cannot be"),
        ("id = a", "forms/made/up.toml"),
    ],
)
def test_a_form_file_with_a_mistake_is_refused_with_a_sentence(form_of, fields, sentence):
    with pytest.raises(FormRefused, match=r"forms/made/up\.toml") as caught:
        form_of(fields)

    assert sentence in str(caught.value)


def test_two_fields_cannot_share_an_id_or_a_variable(form_of):
    with pytest.raises(FormRefused, match="two fields have this id"):
        form_of(OUTCOME, OUTCOME)
    with pytest.raises(FormRefused, match="write the variable"):
        form_of(OUTCOME, DUPLICATE_OF.replace('variable = "duplicate_of"', 'variable = "outcome"'))


def test_a_condition_is_told_to_the_script_only_where_it_can_follow():
    assert for_script("a == 'b' and not c") == (
        '["and", ["eq", ["name", "a"], ["value", "b"]], ["not", ["name", "c"]]]'
    )
    assert for_script("len(a) > 3") == ""
    assert for_script("") == ""


def test_a_step_without_a_form_is_said_so():
    with pytest.raises(FormNotFound, match=r"forms/nowhere/to_be_found\.toml"):
        library.form("nowhere", "to_be_found")
    assert library.written("nowhere", "to_be_found") == {}


@pytest.mark.parametrize("step", sorted(library.steps()), ids="/".join)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_form_of_every_process_loads_and_renders(step, context, language):
    form = library.form(*step)

    tree = page(form, context.__class__(language=language))
    with_nothing = form.raw(posted(tree))

    assert all(tree.xpath(f"//*[@id='field-{field.id}']") for field in form.fields)
    _, problems = taken_or_told(form, with_nothing, context)
    ids = {element.get("id") for element in tree.xpath("//*[@id]")}
    assert {f"field-{problem.anchor}" for problem in problems} <= ids
