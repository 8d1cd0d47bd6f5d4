"""The only place that knows SQL. Moves sealed values without opening them; imported by `gateway.wiring` alone."""
