"""HTTP: the REST API, its authentication and its errors."""
