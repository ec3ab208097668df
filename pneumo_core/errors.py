"""The errors that Pneumo raises on purpose.

Each message is one or two sentences for the person at the screen: what came, what was expected, what to do.
"""


class PneumoError(Exception):
    """Base of all errors that are meant to be shown to the user as they stand."""


class ReadError(PneumoError):
    """A file that is not a readable, single, frontal-film-like image."""


class BundleError(PneumoError):
    """A model bundle that is missing, damaged, or of another schema version."""


class EngineError(PneumoError):
    """An inference engine that can not be made ready on this machine."""


class DataError(PneumoError):
    """A training or evaluation data set that can not be used as it stands."""


class RunError(PneumoError):
    """A training run that can not be started, resumed, or read."""
