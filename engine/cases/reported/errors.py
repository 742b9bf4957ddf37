"""What can be wrong with a reported event, as sentences a person can act on."""

from engine.errors import Conflict, NotFound, Refused


class EventUnknown(NotFound):
    """There is no reported event %(number)s. Look at the list of reported events."""


class EventCorrected(Conflict):
    """%(by)s corrected %(number)s since, it is version %(version)s now. Correct that version."""


class AlreadyFeeds(Conflict):
    """%(number)s feeds %(case)s already. Look at its page again."""


class DoesNotFeed(Conflict):
    """%(number)s does not feed %(case)s any more. Look at its page again."""


class DrillTakesNoEvent(Refused):
    """%(case)s is a drill: a real event feeds real cases only. Name another case."""


class DecidedSince(Conflict):
    """%(by)s decided on %(number)s in this jurisdiction since. Look at that decision first."""
