"""Speed and quality, measured beside a peer in the same run. Not tests: machines differ, so ratios are what counts."""
