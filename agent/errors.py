"""The exceptions that chartproof raises, one tree.

::

    ChartproofError            anything this package raises on purpose
    ├── InputError             the caller's input or usage; exit code 2
    │   ├── NoteError          a document that can't be coded: empty, not text, too long, not English
    │   ├── SettingsError      an option or environment variable with a value that can't be used
    │   └── UnknownCode        a code that is not in the edition
    ├── CodeTableError         the code table could not be built, opened or read; exit code 2
    │   └── SourceError        an official file that is missing or not in its published form
    └── CodingError            an encounter whose coding failed part way; exit code 4
        ├── EngineError        an engine that could not answer (for a model: exit code 3)
        └── StepError          a step that broke its own contract: a defect, please report it

Every message says what happened and what mends it. An error holds what caused it: the encounter, the step, the code.
"""


class ChartproofError(Exception):
    """Anything this package raises on purpose; `exit_code` is what the command line ends with."""

    exit_code = 2


class InputError(ChartproofError):
    """The caller's input or usage can't be worked with."""


class NoteError(InputError):
    """A document that can't be coded; `document` is its id."""

    def __init__(self, message: str, *, document: str) -> None:
        """Keep the message and the id of the document it is about."""
        super().__init__(message)
        self.document = document


class SettingsError(InputError):
    """An option or an environment variable with a value that can't be used; `name` is its name."""

    def __init__(self, message: str, *, name: str) -> None:
        """Keep the message and the name of the option."""
        super().__init__(message)
        self.name = name


class UnknownCode(InputError):
    """A code that is not in the edition; `code` is what was asked for."""

    def __init__(self, message: str, *, code: str) -> None:
        """Keep the message and the code."""
        super().__init__(message)
        self.code = code


class CodeTableError(ChartproofError):
    """The code table could not be built, opened or read; the message names the folder or file to mend."""


class SourceError(CodeTableError):
    """An official file that is missing or not in its published form; `path` names it."""

    def __init__(self, message: str, *, path: str) -> None:
        """Keep the message and the path of the file."""
        super().__init__(message)
        self.path = path


class CodingError(ChartproofError):
    """An encounter whose coding failed part way; nothing of it is returned as if it were whole."""

    exit_code = 4

    def __init__(self, message: str, *, encounter: str, step: str) -> None:
        """Keep the message, the encounter's id and the step that failed."""
        super().__init__(message)
        self.encounter = encounter
        self.step = step


class EngineError(CodingError):
    """An engine that could not answer."""

    exit_code = 3


class StepError(CodingError):
    """A step that broke its own contract; a defect in chartproof."""
