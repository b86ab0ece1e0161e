"""A workspace as paths with contents: for the HTTP interface, for archives and for the assistant."""
