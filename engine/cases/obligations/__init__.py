"""What a recall owes to authorities: opened by its facts, never due later, and met."""
