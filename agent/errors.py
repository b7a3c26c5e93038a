"""The exceptions that chartproof raises, one tree.

::

    ChartproofError            anything this package raises on purpose
    ├── InputError             the caller's input or usage; exit code 2
    │   ├── NoteError          a document that can't be coded: empty, not text, too long, not English
    │   ├── SettingsError      an option or environment variable with a value that can't be used
    │   ├── PromptError        a prompt file that is missing, or whose $names are not those that are filled in
    │   └── UnknownCode        a code that is not in the edition
    ├── CodeTableError         the code table could not be built, opened or read; exit code 2
    │   └── SourceError        an official file that is missing or not in its published form
    └── CodingError            an encounter whose coding failed part way; exit code 4
        ├── EngineError        an engine that could not answer; exit code 3
        │   └── ModelError     a model that was not reached or gave no usable answer; holds what it cost
        │       ├── EndpointUnreachable   no connection, no reply in time or a server error, to the last try
        │       ├── EndpointDown          not asked: the endpoint failed too often just before
        │       ├── RateLimited           429 to the last try, or a quota that is used up
        │       ├── KeyRefused            401 or 403: OPENAI_API_KEY
        │       ├── ModelNotFound         404: CHARTPROOF_MODEL or CHARTPROOF_BASE_URL
        │       ├── ContextTooSmall       the request is longer than the model's context: CHARTPROOF_CHUNK_TOKENS
        │       ├── RequestRefused        any other refusal that asking again can't mend
        │       └── AnswerError           replies that did not validate, the re-ask included; holds the last one
        │           ├── TruncatedAnswer   cut at the token limit: split the chunk, or CHARTPROOF_ANSWER_TOKENS
        │           ├── RefusedAnswer     the model declined
        │           ├── FilteredAnswer    the endpoint's content filter stepped in
        │           └── EmptyAnswer       a reply without any choice in it
        └── StepError          a step that broke its own contract: a defect, please report it

Every message says what happened and what mends it. An error holds what caused it: the encounter, the step, the code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.records import Usage


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


class PromptError(InputError):
    """A prompt file that can't be used; `prompt` is its name, the message says what to write instead."""

    def __init__(self, message: str, *, prompt: str) -> None:
        """Keep the message and the prompt's name."""
        super().__init__(message)
        self.prompt = prompt


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


class ModelError(EngineError):
    """A model that was not reached or gave no usable answer.

    `usage` is what was spent on the ask until then: every request made, with the tokens of those that were replied to.
    """

    def __init__(self, message: str, *, encounter: str, step: str, usage: Usage) -> None:
        """Keep the message, where it happened and what it cost."""
        super().__init__(message, encounter=encounter, step=step)
        self.usage = usage


class EndpointUnreachable(ModelError):
    """No connection, no reply in time or a server error, to the last try."""


class EndpointDown(ModelError):
    """Not asked, because the endpoint could not be reached several times in a row; nothing was spent."""


class RateLimited(ModelError):
    """The endpoint asked to slow down to the last try, or the account's quota is used up."""


class KeyRefused(ModelError):
    """The endpoint refused the key, or the key may not do this."""


class ModelNotFound(ModelError):
    """The endpoint does not know the model, or the address is not that of an OpenAI-compatible endpoint."""


class ContextTooSmall(ModelError):
    """The request is longer than the model's context; a shorter chunk may fit."""


class RequestRefused(ModelError):
    """A refusal that asking again can't mend."""


class AnswerError(ModelError):
    """Replies that did not validate, the re-ask included.

    `reply` is the last one as it came: it may quote the note, so it is not part of the message.
    """

    def __init__(self, message: str, *, encounter: str, step: str, usage: Usage, reply: str) -> None:
        """Keep the message, where it happened, what it cost and the reply."""
        super().__init__(message, encounter=encounter, step=step, usage=usage)
        self.reply = reply


class TruncatedAnswer(AnswerError):
    """A reply that was cut at the token limit; a shorter chunk may be answered in full."""


class RefusedAnswer(AnswerError):
    """The model declined to answer."""


class FilteredAnswer(AnswerError):
    """The endpoint's content filter stopped the request or the reply."""


class EmptyAnswer(AnswerError):
    """A reply without any choice in it."""


class StepError(CodingError):
    """A step that broke its own contract; a defect in chartproof."""
