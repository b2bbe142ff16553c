"""What every app shares. Knows no other app."""
