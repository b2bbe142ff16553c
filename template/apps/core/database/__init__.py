"""The database: error mapping, connection pool, health check and query counts."""
