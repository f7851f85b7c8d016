"""Messages that no pattern reads and no example is near: what they want by the models, what they name leniently."""
