"""A bounded cache of what was assigned but may not be on disk yet."""

from typing import Final, Generic, TypeVar

from chinwag.adapters.embedded.engine import Engine

K = TypeVar("K")
V = TypeVar("V")

CAPACITY: Final = 50_000


class Generations(Generic[K, V]):
    """Keeps at least the last `capacity` entries, and every one until its group is on disk.

    An entry that went while its write is still under way would be loaded again as it was before, and the next
    position or mark would be made from that. So entries go by generations: the older one is dropped only when
    all that was written in its time is on disk. After a failed write nothing here is true: all of it goes.
    """

    __slots__ = ("_capacity", "_engine", "_old", "_retired", "young")

    def __init__(self, engine: Engine, capacity: int = CAPACITY) -> None:
        self._engine = engine
        self._capacity = capacity
        self.young: dict[K, V] = {}
        """The younger generation, for look-ups that must be fast; what is not here, `get` may still find."""
        self._old: dict[K, V] = {}
        self._retired = 0
        engine.on_failed.append(self.clear)

    def get(self, key: K) -> V | None:
        """The entry, if it is kept."""
        found = self.young.get(key)
        if found is None:
            found = self._old.pop(key, None)
            if found is not None:
                self.young[key] = found
        return found

    def put(self, key: K, value: V) -> None:
        """Keep an entry, for as long as nobody calls `age`."""
        self.young[key] = value

    def age(self) -> None:
        """Drop the older generation if there are enough younger ones. Called between commits, never within one."""
        if len(self.young) >= self._capacity and self._engine.answered >= self._retired:
            self._old, self.young = self.young, {}
            self._retired = self._engine.serial

    def clear(self) -> None:
        """Forget all."""
        self.young.clear()
        self._old.clear()
