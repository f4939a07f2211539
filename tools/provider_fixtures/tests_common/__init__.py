"""A small stand-in for the fixtures that providers' tests take from Airflow's repository."""
