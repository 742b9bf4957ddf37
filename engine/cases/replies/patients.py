"""What looks like a patient's identity in free text, so that whoever types it can think again.

Never proof, never a refusal: serial numbers and telephone numbers must not set it off, and what
people write as prose cannot be known. Nothing of what was found is kept, only that it was.
"""

import re

from engine.words import N_

# the words stand on the page: "This looks like …"
LOOKS_LIKE = {
    "birth": N_("a date of birth"),
    "record": N_("a patient or medical record number"),
    "name": N_("a patient's name"),
    "citizen": N_("a national identity number"),
}
_PATTERNS = {
    "birth": re.compile(
        r"\b(?:d\.?\s?o\.?\s?b\b\.?|date of birth|born(?: on)?|geb\.|birth\s?date)\W{0,3}\d"
        r"|(?:出生(?:日期|年月日?)?|生于|生日)\W{0,3}\d",
        re.IGNORECASE,
    ),
    "record": re.compile(
        r"\b(?:mrn|m\.r\.n\.|medical record|patient(?:'s)?\s?(?:id|no|number|#)|hospital number"
        r"|nhs(?: no| number)?)\W{0,4}(?=[\w-]*\d)[\w-]{4,}"
        r"|(?:病历号|病案号|住院号|门诊号|就诊号|患者编号|医保号)\W{0,3}[A-Za-z0-9]{3,}",
        re.IGNORECASE,
    ),
    "name": re.compile(
        r"\b[Pp]atient(?:'s)?(?: name)?(?: is|:| was)?\s+"
        r"(?:(?:Mr|Mrs|Ms|Miss|Dr)\.?\s+)?[A-Z][a-z]+\s+[A-Z][a-z]+"
        r"|\b(?:Mr|Mrs|Ms|Miss)\.?\s+[A-Z][a-z]+"
        r"|(?:患者|病人)(?:姓名)?[::\s]{0,2}[一-鿿]{1,3}(?:某+|先生|女士|[,,。;;\s]|$)"
    ),
    "citizen": re.compile(
        r"(?<!\d)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\w)"
        r"|(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])"
    ),
}


def found_in(*texts: str | None) -> tuple[str, ...]:
    """Return which kinds of identity these texts seem to hold, in the order of `LOOKS_LIKE`."""
    whole = "\n".join(text for text in texts if text)
    return tuple(kind for kind in LOOKS_LIKE if _PATTERNS[kind].search(whole))
