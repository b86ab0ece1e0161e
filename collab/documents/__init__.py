"""What is known of a file apart from its place in the tree, and the way between its bytes and its shared text."""
