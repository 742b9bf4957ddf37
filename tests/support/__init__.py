"""What tests stand on: databases, personas, the tree they look at."""
