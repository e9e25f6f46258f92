"""What can go wrong while runs are trained and stored, each told in one sentence with advice."""


class EngineError(RuntimeError):
    """A training cannot go on for a reason outside the library; the message says what to do."""

    def _render_traceback_(self) -> list[str]:
        """What IPython prints instead of a traceback."""
        return [f"{type(self).__name__}: {self}"]


class StoreError(EngineError):
    """The store of runs cannot be written: a full disk, a missing right, a file in the way."""


class TrainingError(EngineError):
    """The device cannot train the network, for want of memory."""


class WorkerError(EngineError):
    """A process that trained a run was ended from outside, as often as it was tried."""


class SweepError(EngineError):
    """Some runs of a sweep failed; the message names each with its reason."""
