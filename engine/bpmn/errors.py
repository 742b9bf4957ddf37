"""What can go wrong while a diagram runs."""

from typing import Any

from engine.errors import Conflict, EngineError, NotAllowed, NotFound, Refused


class TaskAlreadyDone(Conflict):
    """%(by)s completed this task while you had it open."""


class TaskWithdrawn(Conflict):
    """This task is no longer needed: the case went another way or was voided."""


class NoSuchTask(NotFound):
    """There is no such task."""


class NoSuchCase(NotFound):
    """There is no running diagram under this number."""


class CaseIsOver(Conflict):
    """This case has already ended."""


class ChangedMeanwhile(Conflict):
    """Someone changed this case while you had it open. Look at it again before you go on."""


class NothingReleased(Refused):
    """No version of the process %(process)s has been released. Ask its owner to release one."""


class NobodyWaits(NotFound):
    """No case waits for the message %(name)s with the key %(key)s."""


class NotAVariable(Refused):
    """%(name)s cannot be written: %(why)s."""


class VariablesTooLarge(Refused):
    """What this case carries along would exceed %(limit)s bytes. Keep the data in its tables."""


class TooManyRounds(Refused):
    """%(element)s has already been gone through %(count)s times, and the limit is that many."""


class DoneByTheSamePerson(NotAllowed):
    """You or your principal did “%(element)s” on this case. Someone else must do this task."""


class DiagramFault(EngineError):
    """The diagram or its engine came to a state that must not be: %(why)s."""


class StepFailed(EngineError):
    """A technical fault stopped this step. Nothing was changed, and the fault was noted.

    Carries what `record_incident` needs; the transaction it comes from must be rolled back.
    """

    def __init__(
        self,
        *,
        attempt: str,
        arguments: dict[str, Any],
        cause: BaseException,
        instance_id: int | None,
        process: str,
        element_id: str | None,
        by_id: int | None,
        at: Any,
    ) -> None:
        """Keep the failure's facts as attributes."""
        super().__init__()
        self.attempt = attempt
        self.arguments = arguments
        self.cause = cause
        self.instance_id = instance_id
        self.process = process
        self.element_id = element_id
        self.by_id = by_id
        self.at = at
