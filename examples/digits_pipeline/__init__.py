"""What the tasks of `ml_pipeline.py` do, as plain functions without an orchestrator."""
