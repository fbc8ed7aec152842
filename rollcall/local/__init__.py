"""The laptop: all functions on one port, a SendGrid stand-in with an outbox page, time that can be moved."""
