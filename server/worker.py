"""One worker process: it takes jobs, and edits documents as a peer, but nobody connects to it."""
