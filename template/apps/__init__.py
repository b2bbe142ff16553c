"""One package per domain, standing on `core`."""
