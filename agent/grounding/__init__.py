"""Answers that can be checked: what a chat model names, some tool has returned in this conversation."""
