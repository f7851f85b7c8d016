"""How what is in `core/assets/` came to be. Nothing here is needed to use the program."""
