"""Values of the domain. Standard library only; everything is frozen."""
