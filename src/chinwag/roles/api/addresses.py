"""One form for each address: the framework takes `//v1//sync/` for `/v1/sync`, so whoever compares paths must too."""


def plain_path(path: str) -> str:
    """A path without empty parts: what the framework looks for."""
    if "//" not in path and not path.endswith("/"):
        return path
    return "/" + "/".join(part for part in path.split("/") if part)
