"""What a text was, by whom it was written, and how it goes on when its history has become too costly."""
