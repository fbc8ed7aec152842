"""What the staff do at their desk, a module a verb or group. The core does not import it."""
