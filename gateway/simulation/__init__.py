"""Years of invented cases, lived through the real use cases in an hour: for measuring, rehearsing and looking."""
