"""Letters on paper: from the words of a letter to a tagged PDF, drawn in a process that holds nothing else."""
