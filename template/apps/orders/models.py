"""The data of orders, and its constraints."""
