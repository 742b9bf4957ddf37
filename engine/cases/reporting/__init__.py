"""Status reports of a recall: on the cadence of its strategy, each number opening its rows."""
