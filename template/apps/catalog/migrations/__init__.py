"""How the tables of catalog came to be."""
