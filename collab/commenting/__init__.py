"""What people say to each other about places in a text."""
