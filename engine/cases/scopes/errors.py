"""What can stand in the way of a scope."""

from engine.errors import Conflict, NotFound, Refused


class ScopeUnknown(NotFound):
    """Case %(case)s has no scope %(scope)s. Look at the list of its scopes."""


class ScopeDecided(Conflict):
    """Scope %(scope)s is not a candidate any more: it was frozen or withdrawn. Look at it again."""


class AnotherFrozen(Conflict):
    """A colleague froze scope %(scope)s meanwhile. Compare with it before you freeze another."""


class ScopeOutOfDate(Refused):
    """Something was recorded since scope %(scope)s was traced that may change it. Trace it anew."""


class NoScope(Refused):
    """Case %(case)s has no frozen scope yet. Freeze one first."""
