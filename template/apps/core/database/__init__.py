"""The database: error mapping, connection pool and health check."""
