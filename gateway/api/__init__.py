"""HTTP to a use case and back, a router per zone."""
