"""Files that are already stored, by their sha256."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from forms.context import Attachment, Context
from forms.errors import Problem
from forms.field import Json, Posted, Shown
from forms.kind import Kind, Option, Wrong, is_count, is_list_of_words
from forms.words import N_

_SHA256 = re.compile(r"[0-9a-f]{64}")
NOT_STORED = N_("This file is not here any more. Attach it again.")
WRONG_TYPE = N_("%(name)s cannot be attached here: it is %(media_type)s.")
TOO_MANY = N_("Attach at most %(max)s files to “%(label)s”.")
TOO_FEW = N_("Attach at least %(min)s files to “%(label)s”.")
_UNITS = ((1_000_000, "MB"), (1_000, "kB"))


def size_in_words(count: int) -> str:
    """Write a number of bytes as people read it."""
    for factor, word in _UNITS:
        if count >= factor:
            return f"{count / factor:.1f} {word}"
    return f"{count} B"


class Attachments(Kind):
    """Files; the page stores each one first and then names it here by its sha256."""

    takes_files = True
    has_script = True
    is_group = True
    options: ClassVar[Mapping[str, Option]] = {
        "max_count": (is_count, 20),
        "min_count": (is_count, 0),
        "media_types": (is_list_of_words, None),
    }
    sentence_if_missing = N_("Attach a file to “%(label)s”.")

    def accept(self, raw: Json, context: Context) -> Json:
        """Take files that are stored, each once."""
        members = raw if isinstance(raw, list) else [raw]
        if len(members) > self.option("max_count"):
            raise self.wrong(TOO_MANY, max=self.option("max_count"))
        problems: list[Problem] = []
        files: dict[str, Attachment] = {}
        for member in members:
            found = self._stored(member, context)
            if found is None:
                problems.append(self.problem(NOT_STORED))
            elif not self._may_be(found.media_type):
                facts = {"name": found.name, "media_type": found.media_type}
                problems.append(self.problem(WRONG_TYPE, **facts))
            else:
                files[found.sha256] = found
        if problems:
            raise Wrong(list(dict.fromkeys(problems)))
        if len(files) < self.option("min_count"):
            raise self.wrong(TOO_FEW, min=self.option("min_count"))
        return [_answer(file) for file in files.values()]

    def _stored(self, member: Json, context: Context) -> Attachment | None:
        sha256 = member.get("sha256") if isinstance(member, dict) else member
        if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
            return None
        return context.attachment(sha256)

    def _may_be(self, media_type: str) -> bool:
        allowed = self.option("media_types")
        return allowed is None or media_type in allowed

    def read(self, posted: Posted, name: str) -> Json:
        """Take the files that are still ticked."""
        return posted.getlist(name)

    def filled(self, raw: Json, context: Context) -> Any:
        """Return the files that are attached, with name and size."""
        members = raw if isinstance(raw, list) else [raw]
        found = [self._stored(member, context) for member in members]
        files = {f.sha256: (f.sha256, f.name, size_in_words(f.bytes)) for f in found if f}
        return {"files": list(files.values()), "accept": ",".join(self.option("media_types") or ())}

    def show(self, value: Json, language: str) -> Shown:
        """Write each file with the first figures of its hash, enough to compare on paper."""
        return Shown(
            tuple(
                f"{file['name']} ({size_in_words(file['bytes'])}, sha256 {file['sha256'][:12]}…)"
                for file in value
            )
        )

    def variable(self, value: Json) -> Json:
        """Tell the diagram how many files there are."""
        return len(value)

    def json_schema(self) -> dict[str, Any]:
        """Describe files by their hash."""
        text, number = {"type": "string"}, {"type": "integer"}
        properties = {"sha256": text, "name": text, "media_type": text, "bytes": number}
        return {"type": "array", "items": {"type": "object", "properties": properties}}


def _answer(file: Attachment) -> dict[str, Json]:
    return {
        "sha256": file.sha256,
        "name": file.name,
        "media_type": file.media_type,
        "bytes": file.bytes,
    }
