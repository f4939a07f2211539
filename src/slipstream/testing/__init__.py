"""For the tests of DAG authors and our own: `dag_test`, the simulation world, fakes."""
