"""What is said when event files cannot be read."""


class EventFileError(Exception):
    """An event file cannot be read; the message names the file and what to do about it."""
