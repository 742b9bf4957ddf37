"""The lot of the night: random traces held against the raw events, and their success rate."""
