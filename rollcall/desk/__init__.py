"""What a registration desk does, a module a verb, in its own words; it knows no vendor."""
