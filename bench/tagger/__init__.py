"""The recipe of the name tagger: texts, training, measuring. Not part of the installed program."""
