"""One thing wrong with a diagram."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What is wrong where: the file, the element, the rule it breaks, what to do."""

    file: str
    element: str
    rule: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}:{self.element}: {self.rule}: {self.sentence}"
