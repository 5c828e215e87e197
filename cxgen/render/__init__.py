"""From the plan to files: templates in two modes, charts, Argo CD's wiring, and the tree on disk."""
