"""What in DAG files would not work here, and what to do about it."""
