"""E-mail in: a post of Inbound Parse, read into filled-in forms.

`reader` has `reading` done in a `child`, within a budget; they talk in `record`s. It calls `webhook` (the post),
`message` (the e-mail), `sender` (whose it is) and `forms` (by `text` and `attachments`). `text` goes line by line:
`quoting`, `labels`, `choices`, `grouping`; rows of a list are `lists`. What stands beside the forms is a `letter`; what
an answer says against itself is in `doubts`. `kinds` and `active` say which files are handed on to the staff.
"""
