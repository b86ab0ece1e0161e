"""Which model answers a group, and how: its own settings."""
