"""The update log, and the snapshots that it stands on: what makes an edit last."""
