"""Commands that are carried out by a server elsewhere, through its REST API."""
