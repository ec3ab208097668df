"""The catalogues of the other languages, and how they come about."""
