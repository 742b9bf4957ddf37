"""What a signature can mean: one closed list, each with the literal sentence that is signed."""

from types import MappingProxyType
from typing import Final

from engine.errors import EngineError

MEANINGS: Final = MappingProxyType(
    {
        "author": {
            "en": "I am the author of this record and answer for its content.",
            "zh": "本人为本记录的编制人，并对其内容负责。",
        },
        "review": {
            "en": "I have reviewed this record and found it complete and correct.",
            "zh": "本人已审核本记录，确认其完整、正确。",
        },
        "approve": {
            "en": "I approve what this record states.",
            "zh": "本人批准本记录所述内容。",
        },
        "reject": {
            "en": "I reject what this record states.",
            "zh": "本人否决本记录所述内容。",
        },
        "perform": {
            "en": "I performed the work as this record states.",
            "zh": "本人已按本记录所述完成该项工作。",
        },
        "verify": {
            "en": "I verified the work that this record states and found it as stated.",
            "zh": "本人已核实本记录所述工作，结果与所述一致。",
        },
        "witness": {
            "en": "I was present and saw the work done as this record states.",
            "zh": "本人在场见证该项工作已按本记录所述完成。",
        },
        "release": {
            "en": "I authorise the release that this record states.",
            "zh": "本人批准本记录所述的放行。",
        },
        "close": {
            "en": "I verified that all work on this case is done and close it.",
            "zh": "本人已核实本案全部工作均已完成，现予关闭。",
        },
        "void": {
            "en": "I declare what this record names void, for the reason stated.",
            "zh": "本人按所述理由，宣布本记录所指内容作废。",
        },
        "reopen": {
            "en": "I reopen this case for the reason stated.",
            "zh": "本人按所述理由重新开启本案。",
        },
        "correct": {
            "en": "I correct this record for the reason stated; the earlier version is kept.",
            "zh": "本人按所述理由更正本记录；原版本予以保留。",
        },
        "attest": {
            "en": "I attest that the decision and its grounds in this record are as stated.",
            "zh": "本人确认本记录所载决定及其依据属实。",
        },
    }
)
# what decides on work that was laid before the signer; to author, perform, verify or witness is
# work of one's own, and so is to attest, unless the other answer is to reject: then another
# proposed what is attested
DECISIONS: Final = ("approve", "release", "close")
DECISION_IF_REFUSABLE: Final = "attest"
LANGUAGES: Final = ("en", "zh")


class UnknownMeaning(EngineError):
    """“%(meaning)s” is not a meaning that a signature can have."""


def sentence(meaning: str, language: str) -> str:
    """Return the literal sentence of a meaning; raises `UnknownMeaning`.

    A language without its own sentences is signed in English.
    """
    if meaning not in MEANINGS:
        raise UnknownMeaning(meaning=meaning)
    return MEANINGS[meaning].get(language, MEANINGS[meaning]["en"])
