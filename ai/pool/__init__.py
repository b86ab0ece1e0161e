"""Jobs, and the workers that see them through."""
