"""From a checked spec to what an environment gets: merged and normalised, with names, ids and template data."""
