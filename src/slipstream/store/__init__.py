"""SQL behind one interface of domain verbs."""
