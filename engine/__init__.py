"""The engine decides: what happens next, where every unit is, what proves it."""
