"""The serial store: where every unit and lot is; has never heard of a process."""
