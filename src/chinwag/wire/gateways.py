"""What discovery says: which gateways a device may connect to."""

import msgspec


class GatewayOption(msgspec.Struct, frozen=True):
    """One gateway to try. url: its base address; empty: the one that was asked. expires_at in milliseconds."""

    url: str
    ticket: str
    expires_at: int


class GatewayOptions(msgspec.Struct, frozen=True):
    """GET /v1/gateways: the best first. Each ticket is good for one `hello` at its gateway, soon."""

    gateways: list[GatewayOption]
