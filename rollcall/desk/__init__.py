"""The verbs of the desk, a module each, and the ports that they need. Every verb may raise `StoreUnavailable`."""
