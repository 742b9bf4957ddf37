"""What can go wrong in the serial store, as sentences a person can act on."""

from typing import Any, ClassVar

from engine.errors import Conflict, NotAllowed, NotFound, Refused


class UnitUnknown(NotFound):
    """There is no unit %(unit)s here. Check the serial number, or report it as unidentified."""


class LotUnknown(NotFound):
    """There is no lot %(lot)s here. Check the lot number on the label and try again."""


class RunUnknown(NotFound):
    """There is no run %(run)s here. Open it from a unit that was made in it."""


class PlaceUnknown(NotFound):
    """There is no location %(location)s here. Choose a location from the list."""


class StockUnknown(NotFound):
    """There is no stock %(stock)s here. It may have moved: look at the lot again."""


class OnHold(Refused):
    """%(sentence)s."""

    # how an answer of the interface says that it was a hold, and nothing else, that refused
    TYPE: ClassVar[str] = "urn:holdfast:on-hold"

    @property
    def verdicts(self) -> list[Any]:
        """Return the gate's verdict on each thing that may not pass, with its `problem`."""
        found = self.facts.get("verdicts", [])
        return found if isinstance(found, list) else []


class NotEnough(Refused):
    """Only %(available)s of lot %(lot)s are at %(location)s, not %(asked)s. Enter less."""


class NotEnoughHere(Refused):
    """Only %(available)s of lot %(lot)s lie here, not %(asked)s. Enter less."""


class NothingLoose(Refused):
    """No quantity of lot %(lot)s lies here. Scan the units of the lot, or look where it went."""


class NothingAway(Refused):
    """Nothing of lot %(lot)s is away from here. Record its shipment first."""


class LotElsewhere(Refused):
    """Lot %(lot)s is not recorded for %(place)s, but for %(others)s. Check the place."""


class SeveralHaveIt(Refused):
    """Lot %(lot)s is at more than one place: %(places)s. Choose where it came from."""


class NotPresented(Refused):
    """%(what)s was rejected, but is not among what was looked at. Add it there, or leave it out."""


class NotAGs1Serial(Refused):
    """“%(serial)s” fits no GS1 label: a serial number has 1 to 20 characters, without spaces."""


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


class WentOn(Refused):
    """%(what)s has gone on since (%(since)s, event %(event)s). Correct that record first."""


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


class NotTakenBack(Refused):
    """%(why)s Therefore line %(line)s of this import cannot be taken back."""


class BatchUnknown(NotFound):
    """There is no import %(batch)s here. Look at the list of files taken in."""


class NotImported(Refused):
    """This import loaded nothing that could be taken back."""


class NothingToCompensate(Refused):
    """None of what this import recorded can be corrected by an event. Correct the records."""


class FileHasNoRows(Refused):
    """This file has no rows. Check that you chose the right one."""


class NoEpcisDocument(Refused):
    """This file is no EPCIS 2.0 document in JSON-LD: %(said)s."""


class DocumentTooLarge(Refused):
    """This document is larger than %(most)s MB. Ask for it in parts."""


class EncodingUnclear(Refused):
    """It is not plain how this file writes its letters. Say which encoding it has."""


class NotThisEncoding(Refused):
    """This file is not %(encoding)s text. Choose its encoding, or save it as “CSV UTF-8”."""


class QuoteNotClosed(Refused):
    """The quotation mark on line %(line)s is never closed: what follows is lost. Close it."""


class LineTooLong(Refused):
    """Line %(line)s does not end. Check the separators and quotation marks, or the encoding."""


class SheetUnreadable(Refused):
    """This workbook cannot be read. Open it, save it anew as .xlsx, or save it as CSV."""


class WorkbookTooLarge(Refused):
    """This workbook unpacks to more than %(most)s MB. Save it as CSV and send that."""


class WorkbookTooWide(Refused):
    """A sheet reaches over %(rows)s rows and %(columns)s columns. Delete what is not the table."""


class MappingIncomplete(Refused):
    """No column is mapped to %(fields)s yet. Map one, or correct the file."""


class HeaderMissing(Refused):
    """Line %(line)s of this file is no header. Say in which line the names of the columns stand."""


class NotChecked(Conflict):
    """This file was not checked as it is now. Check it, then load what you were shown."""


class FileChanged(Conflict):
    """This is not the file you were shown: another was sent meanwhile. Look at it again."""


class StoreChanged(Conflict):
    """What is recorded changed since this file was checked. Check it again, then load it."""


class TakenInBefore(Conflict):
    """This very file was taken in before, as import %(batch)s. Take that back first."""


class BatchBusy(Conflict):
    """This file is being worked on right now. Wait until it is done."""


class RowCorrected(Conflict):
    """%(by)s corrected line %(line)s while you had it open. Look at it again."""


class RowNotWaiting(Conflict):
    """Line %(line)s is not in quarantine any more. Look at the file again."""


class SecondPersonNeeded(Refused):
    """This file touches %(count)s protected serial numbers. A second person must approve it."""


class HistoryNeedsSecond(Refused):
    """These cases were handled elsewhere. A second person from quality must approve the file."""


class NotOpenThere(Refused):
    """Case %(number)s was closed where it came from. Report a new one if it goes on."""


class ContinuedAlready(Conflict):
    """Case %(number)s already goes on as %(case)s."""


class SamePerson(Refused):
    """You sent or checked this file yourself. Another person must approve it."""


class NothingToApprove(Refused):
    """This file touches no protected serial number. It needs no approval."""


class AlreadyProtected(Conflict):
    """Serial number %(serial)s is on the list already."""


class NotProtected(NotFound):
    """This serial number is not on the list any more."""


class LotPartsDiffer(Refused):
    """Lot %(lot)s is a lot of part %(lot_part)s, not of %(part)s. Check the two numbers."""


class PartsDiffer(Refused):
    """This is of part %(said)s, not of %(part)s. Check which part it is."""


class OrderTaken(Conflict):
    """There is an order %(order)s already. Look it up first."""


class OrderLineUnknown(NotFound):
    """There is no such line of an order here. Look at the order again."""


class OrderWithdrawn(Refused):
    """Order %(order)s was withdrawn. Receive without an order, or record the order anew."""


class NothingExamined(Refused):
    """Say which unit, lot or run this is about."""


class OutcomeDiffers(Refused):
    """“%(what)s” is not within its limits, so this did not pass. Check the values or the result."""


class SampleDiffers(Refused):
    """%(failed)s cannot have failed out of a sample of %(size)s. Check the two numbers."""


class NothingTaken(Refused):
    """Say which goods of a lot this is about: their units, or a quantity."""


class NotOneLot(Refused):
    """These goods are not of one lot. Choose goods of a single lot, or merge the lots."""


class LotTaken(Conflict):
    """There is a lot %(lot)s of this part already. Choose another number."""


class NotAnSscc(Refused):
    """“%(text)s” is no SSCC: 18 digits, of which the last checks the others. Scan it again."""


class ContainerUnknown(NotFound):
    """There is no carton or pallet %(container)s here. Check the SSCC on its label."""


class ContainerKindDiffers(Refused):
    """%(sscc)s is recorded as another kind. Check whether it is a carton or a pallet."""


class NothingPacked(Refused):
    """There is nothing to pack or to ship here. Scan what goes in first."""


class PackedInside(Refused):
    """%(what)s is packed in %(sscc)s. Take it out there first."""


class PackedApart(Refused):
    """What goes into one carton or pallet must lie in one place. Move it there first."""


class NotInContainer(Refused):
    """That is not in %(sscc)s. Look at its contents again."""


class StillPacked(Refused):
    """%(what)s is packed in %(sscc)s. Ship it whole, or take this out first."""


class NotInside(Refused):
    """Part %(child)s is not recorded inside %(host)s. Check the serial number of what came out."""


class Expired(Refused):
    """Lot %(lot)s expired on %(date)s and cannot be used or shipped. Put it aside, tell quality."""


class ContactEnded(Refused):
    """%(name)s is not reached this way any more. Add the contact that is in use now."""


class AuthorisationTaken(Conflict):
    """Licence %(licence)s is recorded for this part in %(country)s already. Change that one."""


class EndsBeforeItBegins(Refused):
    """It cannot end on %(ends)s before it begins on %(begins)s. Check the two dates."""


class NameTaken(Conflict):
    """%(source)s calls another record of ours %(value)s. Look it up by that name first."""


class TooManyScans(Refused):
    """A batch has at most %(most)s scans. Do something with these first, or empty the batch."""
