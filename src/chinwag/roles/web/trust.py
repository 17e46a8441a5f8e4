"""The page that says how a phone comes to trust this server, and the certificate that it is to trust.

Plain HTML without a script, a style or a picture, under a policy that lets nothing in: people read it before there is
any trust.
"""

import html
from typing import Any, Final

from chinwag.domain.address import network_of
from chinwag.domain.rate import Rate
from chinwag.flow.budget import Budget
from chinwag.roles.port.forwarded import Forwarded
from chinwag.roles.web.pages import Application, Send, answer, too_many
from chinwag.roles.web.policy import FIXED

PAGE: Final = "/trust"
CERTIFICATE: Final = "/trust/authority.crt"
RATE: Final = Rate(5.0, 100)
CLOSED: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

_TEXT: Final = """\
<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Trust {name}</title>
<h1>Trust {name}</h1>
<p>This server made its own certificate, so your device does not know it yet. Trust its authority once, and your device
reaches the server safely and without warnings. The authority can vouch for this one machine only: {names}.</p>
<h2>1. Compare</h2>
<p>Whoever runs the server sees this fingerprint (SHA-256) in its terminal. Go on only if it is the same:</p>
<p><code>{fingerprint}</code></p>
<h2>2. Get the certificate</h2>
<p><a href="{certificate}" download="chinwag.crt">The authority's certificate</a>. Your device shows the fingerprint
when you look at its details: that one counts, not what stands on this page.</p>
<h2>3. Trust it</h2>
<h3>iPhone, iPad</h3>
<p>Open the link in Safari and allow the profile. Then: Settings, General, VPN &amp; Device Management, the profile,
Install. Then: Settings, General, About, Certificate Trust Settings, switch it on.</p>
<h3>Android</h3>
<p>Settings, Security, More security settings, Encryption &amp; credentials, Install a certificate, CA certificate, and
choose the file. Chrome takes it from there. In Firefox: Settings, About Firefox, tap the logo seven times; then
Settings, Secret Settings, Use third party CA certificates.</p>
<h3>Computers</h3>
<p>macOS: open the file, add it to the System keychain, and set it to Always Trust. Windows: open the file, Install
Certificate, Trusted Root Certification Authorities. Linux, and Firefox anywhere: the browser's settings, Certificates,
Authorities, Import.</p>
<h2>4. Chat</h2>
<p><a href="/">Open Chinwag</a>. To end the trust, delete the certificate where you put it.</p>
</html>
"""


class Trust:
    """An ASGI application in front of `app`, with two files of its own."""

    def __init__(
        self, app: Application, name: str, names: tuple[str, ...], authority: bytes, fingerprint: str, near: Forwarded
    ) -> None:
        """name: of the server. authority: its certificate, DER. near: says where a request comes from."""
        shown = {"name": name, "names": ", ".join(names), "fingerprint": fingerprint, "certificate": CERTIFICATE}
        page = _TEXT.format(**{key: html.escape(value) for key, value in shown.items()}).encode()
        self._app = app
        self._files = {
            PAGE: ("text/html; charset=utf-8", page),
            CERTIFICATE: ("application/x-x509-ca-cert", authority),
        }
        self._forwarded = near
        self._budget = Budget(RATE)

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        """Answer with one of the two, or let `app` answer."""
        file = (
            self._files.get(scope["path"]) if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"} else None
        )
        if file is None:
            await self._app(scope, receive, send)
        elif (wait := self._budget.wait(network_of(self._forwarded.of(scope)))) > 0:
            await too_many(scope, send, wait)
        else:
            media_type, body = file
            given = [("content-type", media_type), ("cache-control", "no-store"), ("content-security-policy", CLOSED)]
            await answer(scope, send, 200, [*given, *FIXED], body)
