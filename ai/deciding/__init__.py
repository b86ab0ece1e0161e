"""Decisions on hunks, each made once and carried out exactly."""
