"""What is kept of decisions and of what people made of the text, and how it is read, exported and erased."""
