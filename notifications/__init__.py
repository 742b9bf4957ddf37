"""Speaks: renders and delivers what the engine put in the outbox."""
