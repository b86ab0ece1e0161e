"""Grey text: the next words at one person's cursor."""
