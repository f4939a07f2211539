"""Changes as they are committed, for whoever watches."""
