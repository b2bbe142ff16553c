"""What breaks around a project, and what it does then: with load on, on real services."""
