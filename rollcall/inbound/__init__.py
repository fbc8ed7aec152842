"""E-mail in: the bytes of a post of Inbound Parse, read into filled-in forms.

`reader` is the way in. `webhook` opens the post, `message` takes the e-mail apart, `sender` judges whose it is; they
stand on `mime` and `charsets`. `forms` finds and checks the forms, by `text` and `attachments`. `text` goes through
lines: `quoting` tells whose each is, `labels` and `choices` know the form's words, `grouping` makes forms of answers.
"""
