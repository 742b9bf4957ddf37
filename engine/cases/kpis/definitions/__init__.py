"""One file for each key figure."""
