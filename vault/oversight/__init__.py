"""What oversight makes of the log: reports, explanations, findings, reviews. Plain concepts; no store, no web."""
