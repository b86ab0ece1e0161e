"""What models say, read as it streams: pure machines from an answer to the text that was meant."""
