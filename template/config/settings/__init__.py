"""Settings: `base` gathers the components; `local`, `test`, `staging` and `production` are environments."""
