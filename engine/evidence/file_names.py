"""What a file is called when it is saved: stable, telling, and safe on every system."""

import re
import unicodedata

LONGEST = 120  # letters; Windows allows 255 bytes, and a Han character is three of them
_UNSAFE = re.compile(r'[<>:"/\\|?*\s]+')
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")  # Windows opens these as devices


def name_alone(name: str) -> str:
    """Return a name without the folders it came with and without what cannot be seen."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(one for one in last if unicodedata.category(one)[0] != "C").strip()


def safe_name(name: str) -> str:
    """Return the name a person gave a file, without what a header or a disk could take wrong.

    Letters of every script stay; what cannot be seen (a sign that turns the reading direction
    hides an extension) and what some system reads as more than a letter goes.
    """
    seen = unicodedata.normalize("NFC", name_alone(name))
    stem, dot, extension = _UNSAFE.sub("_", seen).rpartition(".")
    if not dot:
        stem, extension = extension, ""
    stem = stem.strip("._ ")[:LONGEST] or "file"
    if _DEVICES.match(stem):
        stem = f"file-{stem}"
    return f"{stem}.{extension[:16]}" if extension else stem


def sealed_name(number: str, layout: str, version: int) -> str:
    """Return `NC-2026-0007_destruction-certificate_v1.pdf`."""
    return safe_name(f"{number}_{_kind(layout)}_v{version}.pdf")


def review_name(number: str, layout: str, sha256: str) -> str:
    """Return `NC-2026-0007_destruction-certificate_review-3f09ab12.pdf`: copies differ."""
    return safe_name(f"{number}_{_kind(layout)}_review-{sha256[:8]}.pdf")


def _kind(layout: str) -> str:
    return layout.rpartition("/")[2].replace("_", "-")
