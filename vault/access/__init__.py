"""Ask, record, permit: nothing opens without having passed here."""
