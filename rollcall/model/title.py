"""The titles of the form by their codes. What is stored is the code, what people are shown is the label."""

TITLES = {"mr": "Mr.", "mrs": "Mrs.", "ms": "Ms.", "miss": "Miss"}
