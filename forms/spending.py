"""What money and hours are spent on in a case: the closed list, and how each counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from forms.words import N_

CURRENCIES = ("EUR", "USD", "CNY", "JPY", "GBP", "CHF", "CAD", "AUD")
GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "internal_failure": N_("Internal failure"),
        "external_failure": N_("External failure"),
        "appraisal": N_("Appraisal"),
        "prevention": N_("Prevention"),
    }
)


@dataclass(frozen=True)
class Spent:
    """One category: its words, the group of quality cost, whether it finds where a defect arose."""

    label: str
    group: str
    localises: bool = False


CATEGORIES: Mapping[str, Spent] = MappingProxyType(
    {
        "investigation": Spent(N_("Investigation"), "internal_failure", localises=True),
        "test_lab": Spent(N_("Test and laboratory"), "internal_failure", localises=True),
        "retrieval": Spent(N_("Retrieval and segregation"), "internal_failure", localises=True),
        "line_stop": Spent(N_("Line stop"), "internal_failure", localises=True),
        "expedite": Spent(N_("Expediting"), "internal_failure", localises=True),
        "scrap": Spent(N_("Scrap and destruction"), "internal_failure"),
        "disposition": Spent(N_("Disposition"), "internal_failure"),
        "rework": Spent(N_("Rework and repair"), "internal_failure"),
        "retest": Spent(N_("Re-inspection and re-test"), "internal_failure"),
        "returns": Spent(N_("Returns and replacement"), "external_failure"),
        "field_action": Spent(N_("Recall and field correction"), "external_failure"),
        "warranty": Spent(N_("Warranty"), "external_failure"),
        "penalties": Spent(N_("Penalties and liability"), "external_failure"),
        "appraisal": Spent(N_("Other inspection and audit"), "appraisal"),
        "prevention": Spent(N_("Training and prevention"), "prevention"),
    }
)
