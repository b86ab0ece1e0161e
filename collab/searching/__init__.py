"""Find in files."""
