"""What auth managers and the API routes of providers are written with."""
