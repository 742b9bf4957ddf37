"""Effectiveness checks: whom to ask, drawn so that anybody can draw it again; what it shows."""
