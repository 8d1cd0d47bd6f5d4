"""A module per job. None commits; each asks the guard first and builds its reply from the release profile."""
