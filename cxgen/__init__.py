"""cxgen: short API specs become Helm charts that Argo CD syncs."""

__version__ = "0.1.0"
