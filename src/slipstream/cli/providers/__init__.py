"""`slipstream providers`: provider packages, what they bring, and how they get here."""
