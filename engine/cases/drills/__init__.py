"""Drills: a recall practised on the real data, with no way out of the house."""
