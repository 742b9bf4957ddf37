"""One file per kind of field: what it accepts, how a page posts it and how it is shown."""
