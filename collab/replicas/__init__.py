"""One document in memory: what may enter it, how it is edited, and places in it that move with its text."""
