"""The systems that can be measured."""
