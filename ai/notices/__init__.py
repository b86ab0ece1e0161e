"""What the assistant says by itself: notices, and what makes it speak."""
