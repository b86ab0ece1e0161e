"""The outside world behind small ports: document database, object store and bus."""
