"""What all tests share: no network, and one code table that is built once a session."""

from __future__ import annotations

import pytest

from agent.codebook import CodeBook
from agent.config import Settings


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings with a cache folder of this session alone; nothing of the user's is read or written."""
    return Settings(cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def codebook(settings: Settings) -> CodeBook:
    """The code book of the current edition without any added index; built once a session."""
    return CodeBook.open(settings)
