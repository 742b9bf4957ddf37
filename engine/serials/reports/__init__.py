"""Saved reports: kept, changed, run, written as a file, and mailed on a schedule."""

from engine.serials.reports.errors import (
    LostFilter,
    NothingChosen,
    NotYourReport,
    ReportChanged,
    ReportUnknown,
)
from engine.serials.reports.files import MEDIA_TYPES, Head, file_of
from engine.serials.reports.saved import (
    Draft,
    allowed,
    asked_by,
    change,
    remove,
    report_of,
    reports_for,
    run_of,
    runs_of,
    save,
    schedule,
)

__all__ = [
    "MEDIA_TYPES",
    "Draft",
    "Head",
    "LostFilter",
    "NotYourReport",
    "NothingChosen",
    "ReportChanged",
    "ReportUnknown",
    "allowed",
    "asked_by",
    "change",
    "file_of",
    "remove",
    "report_of",
    "reports_for",
    "run_of",
    "runs_of",
    "save",
    "schedule",
]
