"""What the on-call person runs from a laptop, against the local run or the desk at Google."""
