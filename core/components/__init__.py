"""What a sound is made of: components named, labelled window by window, and saved (`core.separation` makes them)."""
