"""The case: its states and steps, its numbers, and what is recorded about it."""
