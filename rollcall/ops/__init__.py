"""What the person on duty runs from a laptop, against the local run or the desk at Google."""
