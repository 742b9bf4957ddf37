"""Forms describe what is asked: one TOML per user task, one marshmallow schema each."""
