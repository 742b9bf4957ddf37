"""What a trace starts from: lots, runs and units, by their ids."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Seeds:
    """The suspects: whatever was made of them or contains them is looked for."""

    lots: frozenset[int] = frozenset()
    segments: frozenset[int] = frozenset()
    units: frozenset[int] = frozenset()

    @property
    def nodes(self) -> frozenset[int]:
        """Return lots and runs together: they share one space of ids."""
        return self.lots | self.segments

    def as_json(self) -> dict[str, list[int]]:
        """Return the ids in order, for a row that keeps them."""
        return {
            "lots": sorted(self.lots),
            "segments": sorted(self.segments),
            "units": sorted(self.units),
        }
