"""Reusable component resources, one noun a file; secure by default."""
