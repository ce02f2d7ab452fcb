"""From a model to a folder that transformers loads: its facts, what class they fit, its words, files."""
