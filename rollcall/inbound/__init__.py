"""What is written to us: the raw bytes of an e-mail read into filled-in forms.

`reader` is the way in, and calls the others from the outside of a message to its inside:
- `post` opens what SendGrid posts, `message` takes the message in it apart into `parts`, and `sender` judges whose it
  is; all three stand on `mime` (header fields, boundaries) and `charsets` (bytes into text);
- `forms` finds the forms in those parts and checks them: it has `text` read what was written in the mail, and
  `attached` each file; `html` makes HTML into such text first, and `written` reads dates;
- `text` goes through lines: `quoting` tells whose each is, `labels` knows the form's words, and `grouping` puts what
  stands at the labels together into forms. `html` and `attached` lay tables out for it with `laying`.
"""
