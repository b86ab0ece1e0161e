"""What the files of a workspace say, in pieces that can be found again."""
