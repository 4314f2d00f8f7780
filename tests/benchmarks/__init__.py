"""Speed: goals measured as ratios against limits in the same run (design: performance.md)."""
