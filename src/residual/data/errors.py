"""The one kind of error that reading or fetching data gives."""


class DataError(RuntimeError):
    """Data are missing or damaged; the message says where and what to do."""
