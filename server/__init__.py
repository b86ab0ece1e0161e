"""The web face: HTTP API, sync and event sockets, sign-in, the command line and the built browser editor."""
