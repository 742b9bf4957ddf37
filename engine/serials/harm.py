"""What came of an event with a device, as complaints and authorities tell it apart."""

from engine.words import N_

OUTCOMES = {
    "death": N_("Death"),
    "serious_injury": N_("Serious injury"),
    "malfunction": N_("Malfunction"),
    "other": N_("Other outcome"),
    "unknown": N_("Outcome not known"),
}
