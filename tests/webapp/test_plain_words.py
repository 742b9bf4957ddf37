"""No page names a role, a qualification or a person by a code or a title."""

from flask_babel import force_locale

from engine.cases.tasks import NotQualified, NotYourRole
from engine.evidence.uploads import ContentIsAnother
from engine.people.roles import roles
from forms.kinds.quantity import say_uom
from webapp import words
from webapp.create_app import initials
from webapp.sentences import in_words


def test_an_error_names_a_role_in_the_readers_language(app):
    with app.test_request_context(), force_locale("en"):
        assert roles()["mrb_quality"].en in in_words(NotYourRole(role="mrb_quality"))
    with app.test_request_context(), force_locale("zh"):
        assert roles()["mrb_quality"].zh in in_words(NotYourRole(role="mrb_quality"))


def test_an_error_names_a_qualification_and_a_kind_of_file_in_words(app):
    with app.test_request_context(), force_locale("en"):
        assert "Evaluation of health risk" in in_words(
            NotQualified(code="health_hazard_evaluation")
        )
        assert words.qualification("health_hazard_evaluation") == "Evaluation of health risk"
    with app.test_request_context(), force_locale("zh"):
        assert "picture" not in in_words(ContentIsAnother(name="a.png", kind="PNG picture"))


def test_one_piece_is_not_said_as_many():
    assert say_uom("each", "en", "1") == "piece"
    assert say_uom("each", "en", "2") == say_uom("each", "en") == "pieces"
    assert say_uom("each", "zh", "1") == say_uom("each", "zh", "2") == "件"


def test_the_round_mark_of_a_person_skips_the_title():
    assert initials("Dr Claire Dumont") == "CD"
    assert initials("Prof. Dr. Jan de Vries") == "JV"
