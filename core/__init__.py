"""Hearing, remembering and finding sounds. Knows nothing of chats, models of language or screens."""
