"""Writers of results: what a person or a program reads."""
