"""The network: architecture, bundle, engines, head, and the classifier that puts them together."""
