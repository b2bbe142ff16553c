"""Staging: the settings of production, which include `project.py`. What only staging needs goes below."""

from config.settings.production import *
