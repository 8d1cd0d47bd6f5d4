"""What must hold in an installation, as small named checks, each with its reason and with what to do about it."""
