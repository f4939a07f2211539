"""What enters and leaves over HTTP, with the field names of Airflow's REST API v2."""
