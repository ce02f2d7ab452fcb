"""What a lesson shows and says first: the watched word, the headline, its answers. Drawn by nobody here."""
