"""What can be wrong with a reported event, as sentences a person can act on."""

from engine.errors import Conflict, NotAllowed, NotFound, Refused


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


class DecidedByYou(NotAllowed):
    """You signed that it is not reportable. Another person looks at it."""


class NothingToConfirm(Conflict):
    """No decision on %(number)s waits here for a second person. Look at the event again."""


class DecidedSince(Conflict):
    """%(by)s decided on %(number)s in this jurisdiction since. Look at that decision first."""
