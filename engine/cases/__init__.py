"""Where a running diagram meets the affected units."""
