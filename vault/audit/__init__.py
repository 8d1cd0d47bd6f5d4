"""The trace: what happened, who did it, under which rule. Written in the transaction of what it describes."""
