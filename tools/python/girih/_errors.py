"""Exceptions. Their messages name what is wrong, what was expected and what was given."""


class Error(RuntimeError):
    """A model could not be loaded or run."""


class InputError(Error, ValueError):
    """An input has a wrong name, type or shape."""


class CompileError(Error):
    """A model could not be compiled."""
