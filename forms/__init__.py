"""Forms describe what is asked: one TOML per user task, one marshmallow schema each.

`FORMAT.md` beside this file documents the TOML; `library.form(process, element)` reads one.
"""
