"""One file per kind of field."""
