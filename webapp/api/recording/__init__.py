"""What may be recorded from outside: one schema and one command for each type of event."""

from webapp.api.recording.kind import Recordable
from webapp.api.recording.kinds import RECORDABLE

__all__ = ["RECORDABLE", "Recordable"]
