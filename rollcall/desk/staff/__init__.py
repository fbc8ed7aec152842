"""What the staff do at their desk. The core imports none of it."""
