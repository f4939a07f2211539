"""What replaced operators that their providers dropped, under the old names and arguments.

Each module needs the provider package that it adapts, and is imported only when a DAG file asks for
one of its names.
"""
