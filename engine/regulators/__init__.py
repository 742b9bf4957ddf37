"""Which authority wants what: so far what an action is called and graded, and what waits for it."""
