"""EPCIS 2.0: what partners tell us as events, and what we tell them."""
