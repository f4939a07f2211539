"""For the tests of DAG authors (`kit`, `pytest_plugin`) and our own: simulation world, fakes."""
