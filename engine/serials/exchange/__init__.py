"""What other systems are told, what they hold against us, and what they do while we are away."""
