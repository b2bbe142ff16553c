"""Jinja extensions for this repository's own pages and checks, none for `copier.yml`."""
