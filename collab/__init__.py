"""Shared documents: wire codec, rooms, presence, update log, snapshots and the file tree."""
