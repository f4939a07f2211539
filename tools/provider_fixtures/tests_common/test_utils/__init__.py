"""What providers' tests import by name."""
