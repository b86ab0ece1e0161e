"""The embedded document database: the part of MongoDB that Scriptorium uses, on one SQLite file.

It speaks the MongoDB wire protocol over a private Unix socket, so the code above it is the same as with MongoDB itself.
What it does it does as MongoDB does (tests run both ways against another implementation); anything else is an error.
A layer lower than the one before: `server` (sockets, group commit), `wire`, `commands`, `tables` (SQLite, indexes) with
`planning`, `matching`, `updating`, and `ordering` under all of them.
"""
