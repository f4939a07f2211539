"""Plugins: what a deployment or an installed package adds for all DAG files.

They are people's code. Only processes that load DAG files, run tasks, triggers and callbacks, serve
plugins or carry out a person's command may import them; the server itself never does.
"""
