"""A circuit breaker: an endpoint that is down fails at once instead of holding up a queue for its time limits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Breaker:
    """Closed while calls get through; open after `failures` misses in a row; after `seconds` one call is let in to see.

    Each call that `enter` lets in ends with one of `reached`, `missed` or `left`. Safe in threads.
    """

    def __init__(self, failures: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Start closed."""
        self._failures = failures
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._misses = 0
        self._opened: float | None = None
        self._probing = False

    def enter(self) -> float | None:
        """None where the call may go ahead, else the seconds until one may try again (0.0 while another one tries)."""
        with self._lock:
            if self._opened is None:
                return None
            remaining = self._opened + self._seconds - self._clock()
            if remaining > 0 or self._probing:
                return max(0.0, remaining)
            self._probing = True
            return None

    def reached(self) -> None:
        """The endpoint replied, whatever it said: close."""
        with self._lock:
            self._misses, self._opened, self._probing = 0, None, False

    def missed(self) -> None:
        """The endpoint was not reached: open if this was one too many, or if it was the call let in to see."""
        with self._lock:
            self._misses += 1
            if self._misses >= self._failures:
                self._opened = self._clock()
            self._probing = False

    def left(self) -> None:
        """The call ended without telling (it was cancelled); another may be let in to see."""
        with self._lock:
            self._probing = False
