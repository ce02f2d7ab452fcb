"""A class: what is left to a student to fill in, what comes back, and its grades."""
