"""Jinja extensions for the documentation and the checks of this repository, never for `copier.yml`."""
