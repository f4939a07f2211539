"""What the web app asks for beside the REST API: facts summed up, its session, its files."""
