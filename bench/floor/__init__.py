"""The floor: functions that write the two documents of a registration and do nothing else."""
