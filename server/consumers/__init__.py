"""What happens when something has happened. Each module is a consumer of events, and is found by itself
(`server.consuming`)."""
