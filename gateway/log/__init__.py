"""Keeping the log: the process that sequences, asks witnesses, publishes; and reading it back to verify and export."""
