"""What the box says about each piece: how it was understood, what is wrong, what is asked."""

from engine.words import N_

# --- how it was understood -----------------------------------------------------------------------
AS = {
    "lot": N_("Lot %(number)s of part %(part)s, %(maker)s"),
    "unit": N_("Serial number %(number)s of part %(part)s, %(maker)s"),
    "part": N_("Part %(number)s, %(name)s"),
}
THIS = AS
WORK_ORDER = N_("Work order %(text)s: its runs")
RANGE_AS = {
    "lot": N_(
        "Lots %(first)s to %(last)s of part %(part)s: %(count)s recorded of %(most)s numbers"
    ),
    "serial": N_(
        "Serial numbers %(first)s to %(last)s of part %(part)s: "
        "%(count)s recorded of %(most)s numbers"
    ),
}
PREFIX_AS = {
    "lot": N_("Lots of part %(part)s that begin with %(begins)s: %(count)s recorded"),
    "serial": N_("Serial numbers of part %(part)s that begin with %(begins)s: %(count)s recorded"),
}
COUNTED = {
    "lot": N_("%(count)s lots of part %(part)s, %(maker)s"),
    "serial": N_("%(count)s serial numbers of part %(part)s, %(maker)s"),
}
FACT = N_("What %(name)s %(value)s was recorded for")
PLACES = {
    "site": N_("Made at %(name)s (%(places)s)"),
    "location": N_("What lies at %(name)s (%(places)s)"),
    "was_at": N_("What is or was at %(name)s (%(places)s)"),
    "shipped": N_("What was shipped to %(name)s (%(places)s)"),
}
CONTAINER = N_("Carton or pallet %(number)s: all that is or was in it, lots as a whole")
MADE = N_("Made from %(first)s to %(last)s; a run that began before or ended after comes in whole")
IN_THAT_TIME = N_("Only from %(first)s to %(last)s")
EXPIRY = N_("The expiry date fits the lot")
EXPIRY_UNKNOWN = N_("An expiry date; none is recorded to compare it with")
WORDS = {
    "lot": N_("Lot numbers follow"),
    "serial": N_("Serial numbers follow"),
    "part": N_("A part number follows"),
    "di": N_("A device identifier follows"),
    "work_order": N_("Work orders follow"),
    "expiry": N_("An expiry date follows"),
    "site": N_("Where it was made follows"),
    "location": N_("Where it lies follows"),
    "was_at": N_("Where it is or was follows"),
    "shipped": N_("Whom it was shipped to follows"),
    "container": N_("Cartons and pallets follow"),
    "equipment": N_("Equipment follows"),
    "operator": N_("Operators follow"),
    "program": N_("A program version follows"),
    "label": N_("A label version follows"),
    "prefix": N_("How numbers begin follows"),
    "except": N_("What follows is taken out"),
}
COLUMN = {
    "lot": N_("A column of lot numbers"),
    "serial": N_("A column of serial numbers"),
    "part": N_("A column of part numbers"),
    "di": N_("A column of device identifiers"),
    "work_order": N_("A column of work orders"),
}

# --- what is wrong -------------------------------------------------------------------------------
NOT_RECORDED = N_("“%(text)s” is not recorded here, as a lot or as a serial number")
NOT_RECORDED_AS = {
    "lot": N_("There is no lot “%(text)s” here"),
    "serial": N_("There is no serial number “%(text)s” here"),
    "part": N_("There is no part “%(text)s” here"),
    "di": N_("There is no part with the device identifier “%(text)s” here"),
    "work_order": N_("There is no work order “%(text)s” here"),
    "container": N_("There is no carton or pallet “%(text)s” here"),
}
NONE_BEGIN = N_("Nothing recorded here begins with “%(text)s”")
NONE_WITHIN = N_("Nothing recorded here lies in the range “%(text)s”")
FACT_UNKNOWN = N_("No event names “%(text)s”")
PLACE_UNKNOWN = N_("There is no place “%(text)s” here")
DATE_UNKNOWN = N_("“%(text)s” is no date that exists")

# --- what is asked back --------------------------------------------------------------------------
COLUMN_UNREAD = N_("Column “%(column)s” is not read: it is none that names goods")
SAME_NUMBER = N_("“%(text)s” is recorded more than once. Which is meant?")
SAME_LOT_NUMBER = N_("Several manufacturers or parts have a lot “%(text)s”. Which is meant?")
SAME_PART_NUMBER = N_("Several manufacturers have a part “%(text)s”. Which is meant?")
OTHER_KIND = N_("“%(text)s” is recorded, but not as what the text calls it. Is this meant?")
OTHER_PART = N_(
    "“%(text)s” is not recorded for part %(part)s, which the text names. Is this meant?"
)
PART_UNKNOWN = N_(
    "The text names part %(part)s, which is not recorded here. Is “%(text)s” this one?"
)
DID_YOU_MEAN = N_("“%(text)s” is not recorded here. Is one of these meant?")
MAY_BE_UNKNOWN = N_(
    "There is no lot “%(text)s” of part %(part)s here, but units were made of lots of it that "
    "nobody noted. Any of them may have been this one"
)
TAKE_UNKNOWN = N_("Take in what was made of unknown lots: it cannot be excluded")
NOT_UNDERSTOOD = N_("“%(text)s” was not understood")
RANGE_UNCLEAR = N_("“%(text)s” is no plain range: its ends differ in more than their last figures")
MAY_BE_RANGE = N_("“%(text)s” may be a range, or only its two ends. Which is meant?")
RANGE_BACKWARDS = N_("“%(text)s” runs from the higher to the lower number. What is meant?")
WILD = N_("“%(text)s” stands for several numbers. Are those meant that begin with %(begins)s?")
NAMED_ELSEWHERE = N_("“%(text)s” names no lot, unit or part. Is this meant?")
NOTHING_MADE = N_("Nothing is recorded as made at “%(text)s”. Is this meant?")
WHICH_UNKNOWN = N_("“%(text)s”: of which part are the lots meant that nobody noted?")
UNKNOWN_OF = N_("What was made of unknown lots of part %(part)s, %(maker)s")
SLASH = N_("“%(text)s” may be several numbers")
SEVERAL = N_("“%(text)s” reaches several parts, or both lots and serial numbers. Which are meant?")
EXPIRES_OTHERWISE = N_(
    "Lot %(lot)s is recorded as expiring on %(recorded)s, the text says %(said)s. "
    "Is it the same lot?"
)
WHICH_DAY = N_("“%(text)s” can be read as two different days. Which is meant?")
WHEN_MADE = N_("“%(text)s”: is this when it was made?")
PART_ALONE = N_("Part %(number)s stands alone. Are all its lots and units meant?")
BOTH_OR_EITHER = N_("Must all of this be true of one unit, or is one of them enough? “%(text)s”")
STANDS_ALONE = N_("Does “%(text)s” narrow what is named before it, or is it meant for itself?")

# --- what can be answered ------------------------------------------------------------------------
ALL_OF_THEM = N_("All of them")
LEAVE_OUT = N_("Leave it out")
LEAVE_WORDS = N_("Leave it out: it names nothing")
LEAVE_UNRECORDED = N_("None of these: it is not recorded here")
LEAVE_LOT = N_("No, leave this lot out")
SAME_LOT = N_("Yes, it is this lot")
FROM_TO = N_("From %(first)s to %(last)s: %(count)s numbers")
ONLY_THESE = N_("Only these: %(named)s")
WHOLE_PART = N_("All lots and units of part %(number)s")
ALL_TRUE = N_("All of it must be true")
ONE_ENOUGH = N_("One of them is enough")
NARROWS = N_("It narrows what is named before it")
FOR_ITSELF = N_("It is meant for itself")
