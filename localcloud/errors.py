"""The one error that the local cloud shows its user."""


class LocalCloudError(Exception):
    """What went wrong, the value, what is allowed and where to change it, in one line."""
