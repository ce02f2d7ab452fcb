"""Arrays of an implementation of one's own held against a model, and the usual slips."""
