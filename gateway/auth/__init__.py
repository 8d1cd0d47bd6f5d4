"""Who is asking: sessions, cookies, passwords."""
