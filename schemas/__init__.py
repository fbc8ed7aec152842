"""Everything that crosses the edge is checked here, by Marshmallow."""
