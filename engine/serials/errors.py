"""What can go wrong in the serial store, as sentences a person can act on."""

from typing import Any

from engine.errors import Conflict, NotAllowed, NotFound, Refused


class UnitUnknown(NotFound):
    """There is no unit %(unit)s here. Check the serial number, or report it as unidentified."""


class LotUnknown(NotFound):
    """There is no lot %(lot)s here. Check the lot number on the label and try again."""


class PlaceUnknown(NotFound):
    """There is no location %(location)s here. Choose a location from the list."""


class StockUnknown(NotFound):
    """There is no stock %(stock)s here. It may have moved: look at the lot again."""


class OnHold(Refused):
    """%(sentence)s."""

    @property
    def verdicts(self) -> list[Any]:
        """Return the gate's verdict on each thing that may not pass, with its `problem`."""
        found = self.facts.get("verdicts", [])
        return found if isinstance(found, list) else []


class NotEnough(Refused):
    """Only %(available)s of lot %(lot)s are at %(location)s, not %(asked)s. Enter less."""


class SerialTaken(Conflict):
    """Serial number %(serial)s of part %(part)s is already recorded. Look it up first."""


class AlreadyInstalled(Refused):
    """Unit %(child)s is installed in %(host)s. Remove it there first."""


class NotInstalled(Refused):
    """Unit %(child)s is not installed in another unit, so it cannot be removed from one."""


class InsideItself(Refused):
    """Unit %(child)s contains %(host)s, so it cannot be installed in it."""


class Elsewhere(Refused):
    """Unit %(child)s is not where %(host)s is (%(custody)s). Record its return first."""


class NotUsable(Refused):
    """Unit %(unit)s is %(usability)s and cannot be used for this."""


class NotHere(Refused):
    """%(what)s cannot leave from here: it is %(custody)s. Check the number, or who shipped it."""


class InstalledInside(Refused):
    """Unit %(child)s is inside %(host)s. Take it out, or do this to %(host)s."""


class WouldLoop(Refused):
    """Lot %(out)s already went into lot %(inp)s. Check which was made of which."""


class AlreadyWentIn(Refused):
    """Lot %(inp)s already is an input of %(out)s. Adjust the stock if the quantity is wrong."""


class AlreadyCorrected(Refused):
    """Event %(event)s was already corrected. Correct the latest version, event %(latest)s."""


class CannotBeCorrected(Refused):
    """A record of this kind is not corrected. Record what really happened as a new event."""


class EventUnknown(NotFound):
    """There is no such event here. Look at the timeline again."""


class MadeSince(Refused):
    """%(what)s has gone on since it was made. Correct the later records first."""


class NotItsInput(Refused):
    """Lot %(lot)s is not recorded as an input of this. Look at the record again."""


class BeforeItWas(Refused):
    """Unit %(unit)s was made or received only later. Check the date."""


class FlagUnknown(NotFound):
    """There is no such flag here. Look at the list again."""


class FlagSeen(Conflict):
    """A colleague has looked at this flag already. Open the list to see what came of it."""


class NoteMissing(Refused):
    """Write what you found and what came of it; it is kept with the flag."""


class MovedSince(Refused):
    """Unit %(child)s went its own way after this removal. Correct the later records first."""


class FieldFixed(Refused):
    """%(field)s cannot change any more. Describe it anew under another number."""


class FieldNotYours(NotAllowed):
    """Your roles do not change %(field)s. The data dictionary says whose do."""


class ChangedMeanwhile(Conflict):
    """A colleague changed %(field)s while you had it open. Look at it again before you go on."""


class WhyMissing(Refused):
    """Write why this changes: the reason is kept with what it was and what it is."""


class NothingDescribed(NotFound):
    """There is no such record here. Look it up again before you change it."""


class QuantityFixed(Refused):
    """The quantity of this record cannot be corrected alone. Withdraw it and record it again."""


class HoldOver(Refused):
    """This hold was already released. Open the register to see by whom and why."""


class NotOfThisHold(Refused):
    """%(target)s is not under this hold. Look at the hold again before you release it."""


class BatchInUse(Refused):
    """Line %(line)s of this import is already used by later records. Correct it there instead."""


class BatchUnknown(NotFound):
    """There is no import %(batch)s here. Look at the list of files taken in."""


class NotImported(Refused):
    """This import loaded nothing that could be taken back."""


class LotPartsDiffer(Refused):
    """Lot %(lot)s is a lot of part %(lot_part)s, not of %(part)s. Check the two numbers."""


class TooManyScans(Refused):
    """A batch has at most %(most)s scans. Do something with these first, or empty the batch."""
