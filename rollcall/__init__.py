"""Rollcall, a serverless registration desk: the desk itself and what it stands on."""
