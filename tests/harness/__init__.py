"""What the tests stand on: renders, environments, servers and processes."""
