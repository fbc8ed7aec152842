"""Stores: what the desk keeps, on SQLite or Firestore; files, in a folder or Cloud Storage."""
