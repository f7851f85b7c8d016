"""What a library remembers: SQLite is the truth, vector indexes are caches that can be thrown away."""
