"""The event's own pages: what is published, and when. A room of its own, which the core does not import."""
