"""Who talks: the chat models, one module each, chosen by `base.connect`."""
