"""From spec text to checked specs: reading, models, rules."""
