"""Mutants: edits of the template that each break something, and who must notice. Run by `make test-mutants`."""
