"""Fault injection: services fail while a project is under load."""
