"""What crosses a process boundary: serialized DAGs, task messages, values. Versioned."""
