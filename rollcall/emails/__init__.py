"""What we write: composing a message from the templates, posting it through SendGrid."""
