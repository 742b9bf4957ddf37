"""Runs diagrams; has never heard of a device."""
