"""What a page shows when no room of the engine has a query of its own for it."""
