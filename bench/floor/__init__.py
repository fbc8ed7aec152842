"""The floor: functions that write the three documents of a registration and do nothing else."""
