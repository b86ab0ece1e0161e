"""Conversations of a workspace with the assistant."""
