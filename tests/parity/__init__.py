"""`make parity`: our CoNeTTE beside the conette package, on the same random weights, each in its own environment."""
