"""What Git knows of the tree."""
