"""What to build: a template, what the user sets in place of its parts, and the model with its inputs."""
