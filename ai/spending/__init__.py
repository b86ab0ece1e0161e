"""What models are called for, what that costs, what may be spent, and what came of it."""
