"""What can be wrong with a row, as codes with the sentence that says what to do."""

from dataclasses import dataclass

from engine.errors import Problem
from engine.words import N_

SENTENCES = {
    "too_many_cells": N_("This row has more cells than the header. Check for a stray separator"),
    "required": N_("Enter a value for %(label)s"),
    "odd_character": N_(
        "“%(value)s” holds a character that no label carries (%(character)s). Type it anew"
    ),
    "too_long": N_("This value has %(length)s characters. No number has more than %(most)s"),
    "number_rounded": N_(
        "The workbook rounded this long number to %(value)s. Format the column as text and "
        "copy it again"
    ),
    "long_ago": N_("“%(value)s” lies before 1950. Check the year"),
    "no_gs1_serial": N_(
        "“%(value)s” fits no GS1 label: a serial number has 1 to 20 characters, without spaces"
    ),
    "not_a_date": N_("“%(value)s” is not a date. Write it as 2026-03-31"),
    "ambiguous_date": N_(
        "“%(value)s” can be two days. Say on the mapping page which comes first, day or month"
    ),
    "not_a_quantity": N_("“%(value)s” is not a quantity above zero with at most six decimals"),
    "not_a_choice": N_("“%(value)s” is not one of: %(choices)s"),
    "not_a_country": N_("“%(value)s” is not a country code. Write two letters, such as DE"),
    "wrong_check_digit": N_(
        "The check digit of %(value)s is wrong. Copy the number from the label"
    ),
    "unknown_reference": N_("There is no %(what)s %(value)s here. Take it in first, or correct it"),
    "ambiguous": N_("More than one manufacturer has a part %(value)s. Name the manufacturer"),
    "ambiguous_lot": N_("More than one manufacturer has a lot %(value)s of this part"),
    "twice_in_file": N_(
        "%(value)s also stands in line %(line)s of this file, with other facts. Leave one out"
    ),
    "differs": N_("%(value)s is already recorded otherwise (%(fields)s). Change it there"),
    "serial_or_lot": N_("Enter a serial number, or a lot number with a quantity"),
    "lot_or_serial_made": N_("Enter the lot that was made, or the serial number, not both"),
    "wrong_control": N_("Part %(value)s is controlled %(control)s"),
    "no_stock": N_("Lot %(value)s has no stock to ship from. Take in its stock first"),
    "other_lot": N_("Serial number %(value)s belongs to another lot. Check the label"),
    "before_receipt": N_("%(value)s only came on %(day)s. Correct one of the two dates"),
    "in_itself": N_("%(value)s would be inside itself. Check which was built into which"),
    "already_in": N_("%(value)s is installed in %(host)s. Record its removal first"),
    "name_taken": N_("%(system)s already calls another record %(value)s. Check the number"),
    "closed_when": N_("A closed case needs the day it was closed, an open one has none"),
    "in_future": N_("%(value)s is still to come. Correct the date"),
    "not_a_count": N_("“%(value)s” is not a whole number"),
    "not_an_address": N_("“%(value)s” is not an e-mail address"),
    "unit_or_lot": N_("Enter a serial number or a lot number"),
    "outcome_differs": N_(
        "%(value)s is outside its limits, so the result cannot be “passed”. Correct one of them"
    ),
    "value_missing": N_("Enter what was measured, or leave the characteristic out"),
    "sample_differs": N_("No more can have failed than were looked at"),
    "price_and_currency": N_("A price needs its currency, three letters, and a currency its price"),
    "order_waits": N_("Another line of this order waits, and an order is taken in whole"),
    "two_suppliers": N_("The lines of this order name more than one supplier"),
    "line_twice": N_("Two lines of this order bear one number. Correct one of them"),
    "no_such_line": N_("Order %(value)s has no such line of this part. Take the order in first"),
    "several_lines": N_("Order %(value)s has several lines of this part. Enter the line"),
    "serial_here": N_("%(value)s is recorded already. A receipt brings new serial numbers"),
    "not_json": N_("This is not JSON: %(said)s"),
    "not_epcis": N_("EPCIS 2.0 does not allow this at %(where)s: %(said)s"),
    "no_such_record": N_("Name the record: our code, or the part with its lot or serial number"),
}


@dataclass(frozen=True)
class RowProblem:
    """One thing wrong with one row: its line, its column, a code and a sentence."""

    line: int
    column: str
    code: str
    facts: tuple[tuple[str, object], ...] = ()

    @property
    def problem(self) -> Problem:
        """Return the sentence with its place, for a page to translate."""
        return Problem(f"{self.line}.{self.column}", SENTENCES[self.code], self.facts)

    @property
    def sentence(self) -> str:
        """Return the sentence in English."""
        return str(self.problem)
