"""Suggestions and the jobs that make them: edits, writing at a place, new files."""
