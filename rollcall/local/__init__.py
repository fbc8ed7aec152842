"""The laptop: all functions on one port, with a stand-in for SendGrid."""
