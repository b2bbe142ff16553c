"""How the tables of users came to be."""
