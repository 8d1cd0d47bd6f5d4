"""Figures that are counted from what is recorded about cases."""
