"""Every sentence of a form is there in every language, and says the same facts."""

import re

import pytest

from forms import extract, words

FACT = re.compile(r"%\((\w+)\)s")


@pytest.mark.parametrize("language", sorted(words.languages()))
def test_no_sentence_of_a_form_is_untranslated(language):
    known = words.catalogue(language)
    missing = sorted(
        {f"{place}: {text}" for place, text in extract.messages() if text not in known}
    )

    assert not missing, (
        f"{extract.path_of(language)}: run `python -m forms.extract` and translate:\n"
        + "\n".join(missing)
    )


@pytest.mark.parametrize("language", sorted(words.languages()))
def test_a_translation_names_the_facts_of_its_sentence(language):
    for text, said in words.catalogue(language).items():
        assert sorted(FACT.findall(said)) == sorted(FACT.findall(text)) or set(
            FACT.findall(said)
        ) == set(FACT.findall(text)), text


@pytest.mark.parametrize("language", sorted(words.languages()))
def test_the_file_of_a_language_holds_the_sentences_of_today_and_none_of_yesterday(language):
    assert extract.path_of(language).read_bytes() == extract.updated(language), (
        "run `python -m forms.extract`"
    )


def test_chinese_is_there():
    assert words.say("Not answered", "zh_Hans_CN") != "Not answered"
    assert words.say("Not answered", "fr") == "Not answered"
