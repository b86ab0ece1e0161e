"""Where updates meet: the documents that people have open here, who is in them, and what other processes do to them."""
