"""Objects with threads and locks, over an `os.fork`.

A forked child has one thread: whatever another held stays locked there for ever, and what another
kept new grows old in silence. So locks are taken before the fork, given back after it in the
parent, and made anew in the child, which starts threads of its own.
"""

import os
import threading
import weakref
from typing import Protocol


class Forking(Protocol):
    """What an object does around a fork. In all three it waits for nobody but its own threads."""

    def before_fork(self) -> None:
        """Come to rest: take every lock."""

    def after_fork_in_parent(self) -> None:
        """Go on: give the locks back."""

    def after_fork_in_child(self) -> None:
        """Start over in a process of its own: new locks, new threads, nothing that is another's."""


_watched: "dict[int, weakref.ref[Forking]]" = {}
_resting: list[Forking] = []
_order = iter(range(1 << 62))


def watch_forks(one: Forking) -> None:
    """Call ``one`` around every fork for as long as it lives; it is not kept alive by this.

    At a fork, those watched last come to rest first: watch what others hold before those.
    """
    number = next(_order)

    def gone(_: object) -> None:
        _watched.pop(number, None)

    _watched[number] = weakref.ref(one, gone)


_forking = threading.Lock()
"""Held from before a fork until after it: of two threads that fork, the second waits."""


def _before() -> None:
    _forking.acquire()
    alive = [(number, ref()) for number, ref in tuple(_watched.items())]
    _resting[:] = [one for _, one in sorted(alive, key=_newest_first) if one is not None]
    for one in _resting:
        one.before_fork()


def _newest_first(item: tuple[int, object]) -> int:
    return -item[0]


def _in_parent() -> None:
    resting, _resting[:] = tuple(reversed(_resting)), ()
    for one in resting:
        one.after_fork_in_parent()
    _forking.release()


def _in_child() -> None:
    resting, _resting[:] = tuple(reversed(_resting)), ()
    for one in resting:
        one.after_fork_in_child()
    _forking.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
