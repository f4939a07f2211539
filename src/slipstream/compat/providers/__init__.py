"""What the installed provider packages bring, as Airflow's `ProvidersManager` tells it."""
