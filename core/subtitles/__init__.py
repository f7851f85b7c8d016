"""Events as something to read: what each is called, cues that keep to the guides, and the files that hold them."""
