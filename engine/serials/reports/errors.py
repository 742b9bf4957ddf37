"""What can go wrong with a saved report."""

from engine.errors import Conflict, NotAllowed, NotFound, Refused


class ReportUnknown(NotFound):
    """There is no such report here, or it is somebody's own. Look at the list of reports."""


class NotYourReport(NotAllowed):
    """This report is %(owner)s's. Save a copy of your own to change it."""


class ReportChanged(Conflict):
    """This report was changed while you had it open. Look at it again before you go on."""


class NothingChosen(Refused):
    """Choose at least one column to show or to group by."""


class LostFilter(NotAllowed):
    """This report asks for %(column)s, which your roles do not see. Take that filter away."""
