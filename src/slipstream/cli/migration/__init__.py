"""Moving in from another orchestrator."""
