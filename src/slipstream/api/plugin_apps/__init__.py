"""Applications of plugins, served from a process of their own behind this server's address."""
