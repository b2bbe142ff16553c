"""The data of catalog, and its constraints."""
