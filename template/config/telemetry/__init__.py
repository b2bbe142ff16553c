"""Traces and metrics, sent by OTLP from staging and production: an app that is installed where there is an endpoint."""
