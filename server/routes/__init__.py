"""The HTTP routes and the event socket, one file per thing they are about."""
