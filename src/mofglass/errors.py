"""The errors a user can mend. The command line prints their one sentence and exits with code 2."""


class MofglassError(Exception):
    """A problem the user can mend: one sentence naming the file, frame or atom, and the remedy."""


class InputError(MofglassError):
    """A file, option or structure that cannot be used as it is."""


class MissingPackageError(MofglassError):
    """An optional package is not installed; the message holds the one command that installs it.

    Parameters
    ----------
    package : str
        What is missing.
    extra : str
        The extra of mofglass that brings it.
    purpose : str
        What needs it: the subject of the sentence.
    """

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package '{package}', which is not installed: "
            f"run  pip install 'mofglass[{extra}]'"
        )


class SimulationError(MofglassError):
    """A run that stopped for a reason it can name, its last good frame kept."""
