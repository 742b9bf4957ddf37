"""What people may write into a notice: the fields of its layout, and nothing that sells."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from engine.errors import Problem
from engine.words import N_

# what people write; everything else on the letter is the layout's or the case's
FIELDS = (
    "headline",
    "product",
    "identification",
    "registration",
    "what_happened",
    "risk",
    "instructions",
    "handling",
    "reply_until",
    "manufacturer",
    "contact_name",
    "telephone",
    "email",
    "signatory",
)
# 21 CFR 810.15(c)(6): no promotional materials; words that a letter of a recall never needs
SELLING = re.compile(
    r"\b(discount|special offer|best[- ]in[- ]class|market[- ]leading|award[- ]winning|upgrade now"
    r"|buy now|promotion(al)?|free gift|world[- ]class|state[- ]of[- ]the[- ]art)\b"
    r"|优惠|折扣|促销|领先品牌|最佳选择|赠品|世界一流|业界领先",
    re.IGNORECASE,
)
PROMOTIONAL = N_("“%(words)s” advertises. A notice holds nothing that sells; leave it out.")


def problems_in(answers: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield each field that advertises."""
    for field in FIELDS:
        found = SELLING.search(str(answers.get(field) or ""))
        if found is not None:
            yield Problem(field, PROMOTIONAL, (("words", found.group(0)),))
