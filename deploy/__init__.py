"""Putting Rollcall on Google Cloud: plain steps that name what they make (`make deploy`, docs/deploy.md)."""
