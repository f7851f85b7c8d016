"""What is heard in a sound, and when: curves of likelihood for each kind, and the events in them."""
