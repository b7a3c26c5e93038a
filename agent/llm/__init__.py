"""The one seam to a language model: any endpoint that speaks OpenAI's chat completions.

`openai` sends, `instructor` says how each mode asks for an answer and reads it back, `tenacity` tries again. They are
imported in this package and nowhere else, and are loaded when a model is asked: `import agent.llm` costs nothing.

::

    endpoint = Endpoint(settings)
    answer = await endpoint.ask(messages, Findings, step="propose", encounter=encounter.id)
    answer.value, answer.usage
"""

from __future__ import annotations

from agent.llm.call import Message, cost, estimate_tokens
from agent.llm.endpoint import Answer, Endpoint
from agent.llm.forms import render_request

__all__ = ["Answer", "Endpoint", "Message", "cost", "estimate_tokens", "render_request"]
