"""Where people open a server in a browser."""

from chinwag.config import Config


def browser_address(config: Config, port: int) -> str:
    """The address to open on this machine, or the public one if the server has one. port: that was bound."""
    section = config.server
    if section.public_url:
        return section.public_url
    scheme = "http" if section.tls_certificate is None else "https"
    return f"{scheme}://{_host(section.host)}:{port}"


def _host(listening: str) -> str:
    """How a browser here reaches `listening`: every address of this machine is no address to go to."""
    if listening in ("0.0.0.0", "::"):  # noqa: S104 - nothing listens here
        return "127.0.0.1"
    return f"[{listening}]" if ":" in listening else listening
