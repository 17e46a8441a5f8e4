"""Devices that poll or stream and know nothing of large groups: that they are to load afresh waits here for them."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from chinwag.domain.ids import DeviceId
from chinwag.flow.access.admission import Principal
from chinwag.flow.large.outdated import EVERY_SECONDS, OldClients, Outdated
from chinwag.roles.api.heard import Heard

KEPT: Final = 100_000
"""Devices of which it is kept when they were told, so that one that polls seldom is not told with each poll."""


class _Device:
    """One device. due: whether it is to be told."""

    def __init__(self) -> None:
        self.client: Outdated | None = None
        self.due = False
        self.wakes: list[Callable[[], None]] = []

    def tell(self) -> None:
        self.due = True
        for wake in self.wakes:
            wake()


class OldDevices:
    """Those of one process, as long as they are heard of."""

    def __init__(self, clients: OldClients, heard: Heard) -> None:
        self._clients = clients
        self._devices: dict[DeviceId, _Device] = {}
        self._told: OrderedDict[DeviceId, float] = OrderedDict()
        heard.on_drop(self._dropped)

    def came(self, principal: Principal, follows: bool, afresh: bool) -> None:
        """The device, which was heard of just now, polls or begins a stream. follows: it knows of large groups.
        afresh: it begins anew in any case."""
        name = principal.device
        if follows:
            self._dropped(name)
            return
        if afresh:
            self._note(name)
        device = self._devices.get(name)
        if device is None:
            device = self._devices[name] = _Device()
            told_at = self._told.get(name)
            device.client = self._clients.came(principal.account, name, device.tell, told_at=told_at)
        elif afresh and device.client is not None:
            device.due = False
            device.client.told_at = self._clients.now()

    def passed(self, device: DeviceId, events: Sequence[bytes]) -> None:
        """These came to the device from its inbox."""
        one = self._devices.get(device)
        if one is not None and one.client is not None and self._clients.own.known:
            one.client.passed(events)

    def waits_for(self, device: DeviceId) -> bool:
        """Whether the device is to load afresh."""
        one = self._devices.get(device)
        return one is not None and one.due

    def take(self, device: DeviceId) -> bool:
        """Whether it is, which it is told now."""
        one = self._devices.get(device)
        if one is None or not one.due:
            return False
        one.due = False
        self._note(device)
        return True

    @contextmanager
    def waking(self, device: DeviceId, wake: Callable[[], None]) -> Iterator[None]:
        """Call `wake` as soon as the device is to load afresh."""
        one = self._devices.get(device)
        if one is None:
            yield
            return
        one.wakes.append(wake)
        try:
            yield
        finally:
            one.wakes.remove(wake)

    def _note(self, device: DeviceId) -> None:
        now = self._clients.now()
        self._told[device] = now
        self._told.move_to_end(device)
        while self._told and (len(self._told) > KEPT or next(iter(self._told.values())) <= now - EVERY_SECONDS):
            self._told.popitem(last=False)

    def _dropped(self, device: DeviceId) -> None:
        one = self._devices.pop(device, None)
        if one is not None and one.client is not None:
            one.client.ended()
