"""Who may do what: one case for each route of the HTTP API and for each frame of the socket.

`docs/authorisation.md` is written from these, and the tests play each with everybody who may not. A route or a frame
without its case fails the tests. Callers are people of `world.py`; `nobody` (no token, and tokens that are wrong) is
played against every route that is not public.
"""

from typing import Final

import msgspec

from chinwag.domain import command
from chinwag.domain.refusal import Code
from chinwag.wire import frames

ANYONE: Final = "anyone"
REFRESH_TOKEN: Final = "who holds the refresh token"
STATE: Final = "who comes back with a state, once"
LOGOUT_TOKEN: Final = "who holds a logout token that the provider has signed, once"
MEDIA_LINK: Final = "who holds a signed link, for ten minutes, while whoever asked for it may read the message"
PUBLIC: Final = (ANYONE, REFRESH_TOKEN, STATE, LOGOUT_TOKEN, MEDIA_LINK)
"""Those whom no access token makes."""
ACCOUNT: Final = "any account"
SELF: Final = "the account itself"
UPLOADER: Final = "the account that began the upload"
READER: Final = "members, and former members up to where they left"
MEMBER: Final = "members"
ADMINS: Final = "owner and admins of the group"
OWNER: Final = "the owner of the group"
AUTHOR: Final = "the message's author, a member"
DELETER: Final = "the message's author, a member; owner and admins of the group, of who is below them or gone"
REACTING: Final = "members who may read the message"
OPERATOR: Final = "administrators of the server"

Fill = dict[str, object]
"""JSON in which "{name}" stands for an id of the world."""


class Case(msgspec.Struct, frozen=True):
    """may: who. refused: everybody else, with the code. right: somebody who may, where that breaks nothing.

    path and body: what is asked, with names of the world in braces. ignored: nobody is refused, and nothing happens;
    clients may send it late.
    """

    may: str
    refused: dict[str, Code] = {}
    path: str = ""
    body: Fill | None = None
    right: str | None = None
    ignored: bool = False


NO_ONE_ELSE: Final = dict.fromkeys(
    ("owner", "admin", "member", "former", "stranger"), Code.FORBIDDEN
)  # none of them is an administrator of the server
OUTSIDERS: Final = {"stranger": Code.NO_CONVERSATION, "former": Code.NOT_MEMBER, "operator": Code.NO_CONVERSATION}
NO_READERS: Final = {"stranger": Code.NO_CONVERSATION, "operator": Code.NO_CONVERSATION}
NOT_THE_AUTHOR: Final = {**OUTSIDERS, "member": Code.NOT_ALLOWED, "admin": Code.NOT_ALLOWED}
GROUP_ADMINS_ONLY: Final = {**OUTSIDERS, "member": Code.NOT_ALLOWED}
TEXT: Final[Fill] = {"type": "text", "text": "hello"}

NO_UPLOAD: Final = dict.fromkeys(("owner", "admin", "member", "former", "stranger", "operator"), Code.NO_UPLOAD)
NO_MEDIA: Final = {**NO_READERS, "former": Code.NO_MESSAGE}
MEDIA: Final = "/v1/conversations/{group}/messages/{message}/media"

ROUTES: Final[dict[tuple[str, str], Case]] = {
    ("POST", "/v1/media"): Case(ACCOUNT, body={"some": "file"}, right="stranger"),
    ("GET", "/v1/media/{upload}"): Case(UPLOADER, NO_UPLOAD, "/v1/media/7"),
    ("PATCH", "/v1/media/{upload}"): Case(UPLOADER, path="/v1/media/7"),
    ("DELETE", "/v1/media/{upload}"): Case(UPLOADER, NO_UPLOAD, "/v1/media/7"),
    ("PUT", "/v1/media/{upload}/poster"): Case(UPLOADER, NO_UPLOAD, "/v1/media/7/poster", {"a": "picture"}),
    ("GET", "/v1/conversations/{conversation}/messages/{number}/media"): Case(READER, NO_MEDIA, MEDIA),
    ("GET", "/v1/conversations/{conversation}/messages/{number}/media/320"): Case(READER, NO_MEDIA, MEDIA + "/320"),
    ("GET", "/v1/conversations/{conversation}/messages/{number}/media/1280"): Case(READER, NO_MEDIA, MEDIA + "/1280"),
    ("GET", "/v1/conversations/{conversation}/messages/{number}/media/play"): Case(READER, NO_MEDIA, MEDIA + "/play"),
    ("GET", "/v1/conversations/{conversation}/media"): Case(
        READER, NO_READERS, "/v1/conversations/{group}/media", right="former"
    ),
    ("GET", "/v1/media-links/{link}"): Case(MEDIA_LINK),
    ("POST", "/v1/accounts"): Case(ANYONE),
    ("POST", "/v1/sessions"): Case(ANYONE),
    ("POST", "/v1/sessions/refresh"): Case(REFRESH_TOKEN),
    ("GET", "/v1/openapi.json"): Case(ANYONE),
    ("GET", "/v1/server"): Case(ANYONE),
    ("DELETE", "/v1/sessions/current"): Case(SELF),
    ("POST", "/v1/openid/{name}/begin"): Case(ANYONE),
    ("GET", "/v1/openid/{name}/callback"): Case(STATE),
    ("POST", "/v1/openid/{name}/logout"): Case(LOGOUT_TOKEN),
    # one's own account: a request names no account but by its token
    ("GET", "/v1/me"): Case(SELF, right="stranger"),
    ("DELETE", "/v1/me"): Case(
        "the account itself, with its password", {"stranger": Code.WRONG_LOGIN}, body={"password": "not this one"}
    ),
    ("PATCH", "/v1/me"): Case(SELF, body={"about": "x"}, right="stranger"),
    ("PUT", "/v1/me/password"): Case(
        "the account itself, with its password",
        {"stranger": Code.WRONG_LOGIN},
        body={"current": "not this one", "new": "another good one"},
    ),
    ("GET", "/v1/me/identities"): Case(SELF, right="stranger"),
    ("POST", "/v1/me/identities/{name}"): Case(
        SELF, {"stranger": Code.NOT_FOUND}, "/v1/me/identities/none", {"binding": "x", "return_to": "x"}
    ),
    ("PUT", "/v1/me/identities/{name}"): Case(
        "the account that set out to be linked, with what came back and the secret that it kept",
        {"stranger": Code.NOT_FOUND},
        "/v1/me/identities/none",
        {"code": "x", "secret": "x"},
    ),
    ("DELETE", "/v1/me/identities/{name}"): Case(SELF, {"stranger": Code.NOT_FOUND}, "/v1/me/identities/none"),
    ("PUT", "/v1/me/avatar"): Case(
        SELF + ", with an upload of its own", {"stranger": Code.NO_UPLOAD}, body={"upload": "1"}
    ),
    ("DELETE", "/v1/me/avatar"): Case(SELF, right="stranger"),
    ("GET", "/v1/me/settings"): Case(SELF, right="stranger"),
    ("PATCH", "/v1/me/settings"): Case(SELF, body={}, right="stranger"),
    ("GET", "/v1/devices"): Case(SELF, right="stranger"),
    ("DELETE", "/v1/devices/{device_id}"): Case(
        "the account whose device it is",
        dict.fromkeys(("stranger", "member", "operator"), Code.NO_DEVICE),
        "/v1/devices/{owner_device}",
    ),
    ("GET", "/v1/users/{account_id}"): Case(ACCOUNT, path="/v1/users/{owner}", right="stranger"),
    ("GET", "/v1/users/{account_id}/avatar"): Case(ACCOUNT, {"stranger": Code.NOT_FOUND}, "/v1/users/{owner}/avatar"),
    ("GET", "/v1/search"): Case(READER, NO_READERS, "/v1/search?conversation={group}", right="former"),
    ("GET", "/v1/users"): Case(
        "any account; a search shows strangers only those who let themselves be found, and blocked people nobody",
        path="/v1/users?id={owner}",
        right="stranger",
    ),
    ("GET", "/v1/friends"): Case(SELF, right="stranger"),
    ("GET", "/v1/friends/requests"): Case(SELF, right="stranger"),
    ("PUT", "/v1/friends/{account_id}"): Case(ACCOUNT, path="/v1/friends/{owner}", right="stranger"),
    ("DELETE", "/v1/friends/{account_id}"): Case(SELF, path="/v1/friends/{owner}", right="stranger"),
    ("GET", "/v1/blocks"): Case(SELF, right="stranger"),
    ("PUT", "/v1/blocks/{account_id}"): Case(SELF, path="/v1/blocks/{former}", right="stranger"),
    ("DELETE", "/v1/blocks/{account_id}"): Case(SELF, path="/v1/blocks/{former}", right="stranger"),
    ("GET", "/v1/announcements"): Case(ACCOUNT, right="stranger"),
    ("GET", "/v1/presence"): Case(
        "friends, and those who share a conversation; of others nothing is told",
        path="/v1/presence?account={owner}",
        right="stranger",
    ),
    ("GET", "/v1/presence/devices"): Case(SELF, right="stranger"),
    # administration
    ("GET", "/v1/admin/accounts"): Case(OPERATOR, NO_ONE_ELSE, right="operator"),
    ("POST", "/v1/admin/accounts"): Case(
        OPERATOR, NO_ONE_ELSE, body={"name": "by-an-operator", "password": "correct horse battery"}, right="operator"
    ),
    ("GET", "/v1/admin/accounts/{account_id}"): Case(
        OPERATOR, NO_ONE_ELSE, "/v1/admin/accounts/{stranger}", right="operator"
    ),
    ("GET", "/v1/admin/accounts/{account_id}/devices"): Case(
        OPERATOR, NO_ONE_ELSE, "/v1/admin/accounts/{stranger}/devices", right="operator"
    ),
    ("DELETE", "/v1/admin/accounts/{account_id}/devices"): Case(
        OPERATOR, NO_ONE_ELSE, "/v1/admin/accounts/{stranger}/devices"
    ),
    ("DELETE", "/v1/admin/accounts/{account_id}/devices/{device_id}"): Case(
        OPERATOR, NO_ONE_ELSE, "/v1/admin/accounts/{owner}/devices/{owner_device}"
    ),
    ("POST", "/v1/admin/accounts/{account_id}/disable"): Case(
        OPERATOR, NO_ONE_ELSE, "/v1/admin/accounts/{stranger}/disable"
    ),
    ("POST", "/v1/admin/accounts/{account_id}/enable"): Case(
        OPERATOR, NO_ONE_ELSE, "/v1/admin/accounts/{stranger}/enable"
    ),
    ("PUT", "/v1/admin/accounts/{account_id}/password"): Case(
        OPERATOR, NO_ONE_ELSE, "/v1/admin/accounts/{stranger}/password", {"password": "correct horse battery"}
    ),
    ("GET", "/v1/admin/invitations"): Case(OPERATOR, NO_ONE_ELSE, right="operator"),
    ("POST", "/v1/admin/invitations"): Case(OPERATOR, NO_ONE_ELSE, body={}, right="operator"),
    ("DELETE", "/v1/admin/invitations/{invitation}"): Case(OPERATOR, NO_ONE_ELSE, "/v1/admin/invitations/1"),
    ("GET", "/v1/admin/announcements"): Case(OPERATOR, NO_ONE_ELSE, right="operator"),
    ("POST", "/v1/admin/announcements"): Case(OPERATOR, NO_ONE_ELSE, body={"text": "x"}, right="operator"),
    ("GET", "/v1/admin/audit"): Case(OPERATOR, NO_ONE_ELSE, right="operator"),
    # conversations
    ("GET", "/v1/cursor"): Case(SELF, right="stranger"),
    ("GET", "/v1/conversations"): Case(SELF, right="stranger"),
    ("POST", "/v1/conversations"): Case(ACCOUNT, body={"title": "x"}, right="stranger"),
    ("GET", "/v1/conversations/{conversation}"): Case(READER, NO_READERS, "/v1/conversations/{group}", right="former"),
    ("GET", "/v1/conversations/{conversation}/messages"): Case(
        READER, NO_READERS, "/v1/conversations/{group}/messages", right="former"
    ),
    ("POST", "/v1/conversations/{conversation}/messages"): Case(
        MEMBER, OUTSIDERS, "/v1/conversations/{group}/messages", {"body": TEXT}, "member"
    ),
    ("PUT", "/v1/conversations/{conversation}/messages/{number}"): Case(
        AUTHOR, NOT_THE_AUTHOR, "/v1/conversations/{group}/messages/{message}", {"body": TEXT}, "owner"
    ),
    ("DELETE", "/v1/conversations/{conversation}/messages/{number}"): Case(
        DELETER, NOT_THE_AUTHOR, "/v1/conversations/{group}/messages/{doomed_too}", right="owner"
    ),
    ("GET", "/v1/conversations/{conversation}/changes"): Case(
        READER, NO_READERS, "/v1/conversations/{group}/changes?after=0", right="former"
    ),
    ("POST", "/v1/conversations/{conversation}/changes"): Case(
        "by the change: see `change` below",
        GROUP_ADMINS_ONLY,
        "/v1/conversations/{group}/changes",
        {"change": {"type": "title", "title": "x"}},
        "admin",
    ),
    ("GET", "/v1/preferences"): Case(SELF, right="stranger"),
    ("GET", "/v1/push"): Case(ACCOUNT, right="stranger"),
    ("GET", "/v1/push/subscription"): Case(SELF),
    ("PUT", "/v1/push/subscription"): Case(SELF),
    ("DELETE", "/v1/push/subscription"): Case(SELF, right="stranger"),
    ("POST", "/v1/push/test"): Case(SELF),
    ("GET", "/v1/conversations/{conversation}/preferences"): Case(
        READER, NO_READERS, "/v1/conversations/{group}/preferences", right="former"
    ),
    ("PUT", "/v1/conversations/{conversation}/preferences"): Case(
        READER, NO_READERS, "/v1/conversations/{group}/preferences", {"pinned": True}, "former"
    ),
    ("GET", "/v1/conversations/{conversation}/messages/{number}"): Case(
        READER, NO_READERS, "/v1/conversations/{group}/messages/1", right="former"
    ),
    ("GET", "/v1/conversations/{conversation}/messages/{number}/receipts"): Case(
        "members",
        {"stranger": Code.NO_CONVERSATION, "operator": Code.NO_CONVERSATION},
        "/v1/conversations/{group}/messages/{message}/receipts",
        right="member",
    ),
    ("GET", "/v1/conversations/{conversation}/reactions"): Case(
        MEMBER, {**OUTSIDERS, "member": Code.NOT_LARGE}, "/v1/conversations/{group}/reactions?message={message}"
    ),
    ("GET", "/v1/conversations/{conversation}/messages/{number}/reactions"): Case(
        READER, NO_READERS, "/v1/conversations/{group}/messages/{message}/reactions", right="member"
    ),
    ("PUT", "/v1/conversations/{conversation}/messages/{number}/reactions/{reaction}"): Case(
        REACTING, OUTSIDERS, "/v1/conversations/{group}/messages/{message}/reactions/%F0%9F%91%8D", right="member"
    ),
    ("DELETE", "/v1/conversations/{conversation}/messages/{number}/reactions/{reaction}"): Case(
        REACTING, OUTSIDERS, "/v1/conversations/{group}/messages/{message}/reactions/%F0%9F%91%8D", right="member"
    ),
    ("GET", "/v1/conversations/{conversation}/pins"): Case(
        MEMBER, OUTSIDERS, "/v1/conversations/{group}/pins", right="member"
    ),
    ("GET", "/v1/conversations/{conversation}/avatar"): Case(
        MEMBER, {**OUTSIDERS, "member": Code.NOT_FOUND}, "/v1/conversations/{group}/avatar"
    ),
    ("PUT", "/v1/conversations/{conversation}/avatar"): Case(
        ADMINS + ", with an upload of their own",
        {**GROUP_ADMINS_ONLY, "admin": Code.NO_UPLOAD},
        "/v1/conversations/{group}/avatar",
        {"upload": "1"},
    ),
    ("DELETE", "/v1/conversations/{conversation}/avatar"): Case(
        ADMINS, GROUP_ADMINS_ONLY, "/v1/conversations/{group}/avatar", right="admin"
    ),
    ("GET", "/v1/conversations/{conversation}/members"): Case(
        MEMBER, OUTSIDERS, "/v1/conversations/{group}/members", right="member"
    ),
    ("POST", "/v1/conversations/{conversation}/read"): Case(
        READER, path="/v1/conversations/{group}/read", body={"number": 1}, right="member", ignored=True
    ),
    ("POST", "/v1/conversations/{conversation}/typing"): Case(
        MEMBER, path="/v1/conversations/{group}/typing", right="member", ignored=True
    ),
    # groups that people can find
    ("GET", "/v1/groups"): Case(ACCOUNT, right="stranger"),
    ("GET", "/v1/groups/{conversation}"): Case(
        "any account, of an open group", {"stranger": Code.NO_CONVERSATION}, "/v1/groups/{group}"
    ),
    ("GET", "/v1/links/{code}"): Case("who has the code", path="/v1/links/{code}", right="stranger"),
    ("POST", "/v1/links/{code}"): Case("who has the code", path="/v1/links/{code}", right="guest"),
    ("GET", "/v1/conversations/{conversation}/links"): Case(
        ADMINS, GROUP_ADMINS_ONLY, "/v1/conversations/{group}/links", right="admin"
    ),
    ("POST", "/v1/conversations/{conversation}/links"): Case(
        ADMINS, GROUP_ADMINS_ONLY, "/v1/conversations/{group}/links", {}, "admin"
    ),
    ("DELETE", "/v1/conversations/{conversation}/links/{link}"): Case(
        ADMINS, GROUP_ADMINS_ONLY, "/v1/conversations/{group}/links/{link}"
    ),
    # transports
    ("GET", "/v1/gateways"): Case(ACCOUNT, right="stranger"),
    ("POST", "/v1/watch"): Case(MEMBER, body={"conversations": ["{group}"]}, right="stranger"),
    ("GET", "/v1/conversations/heads"): Case(MEMBER, right="stranger"),
    ("GET", "/v1/sync"): Case(SELF, right="stranger"),
    ("GET", "/v1/events"): Case(SELF),
    ("POST", "/v1/heartbeat"): Case(SELF, right="stranger"),
    ("POST", "/v1/received"): Case(
        "the account itself, for what its inbox holds",
        {"stranger": Code.BAD_REQUEST},
        body={"position": 1 << 40},
    ),
}

Frame = type[msgspec.Struct]

FRAMES: Final[dict[Frame, Case]] = {
    frames.Hello: Case("who has a token or a ticket; once a session", {"member": Code.HELLO_TWICE}, body={}),
    frames.Send: Case(
        "members; to an account: whom it does not block or keep to friends",
        OUTSIDERS,
        body={"id": "s", "conversation": "{group}", "body": TEXT},
        right="member",
    ),
    frames.Edit: Case(
        AUTHOR,
        NOT_THE_AUTHOR,
        body={"id": "e", "conversation": "{group}", "number": "{message}", "body": TEXT},
        right="owner",
    ),
    frames.Delete: Case(
        DELETER,
        NOT_THE_AUTHOR,
        body={"id": "d", "conversation": "{group}", "number": "{doomed}"},
        right="owner",
    ),
    frames.React: Case(
        REACTING,
        OUTSIDERS,
        body={"id": "r", "conversation": "{group}", "number": "{message}", "reaction": "👍"},
        right="member",
    ),
    frames.Change: Case(
        "by the change: see below",
        GROUP_ADMINS_ONLY,
        body={"id": "c", "conversation": "{group}", "change": {"type": "title", "title": "y"}},
        right="owner",
    ),
    frames.Received: Case("the device that was given it", {"member": Code.BAD_REQUEST}, body={"position": 1 << 40}),
    frames.Read: Case(READER, body={"conversation": "{group}", "number": 1}, ignored=True),
    frames.Typing: Case(MEMBER, body={"conversation": "{group}"}, ignored=True),
    frames.Watch: Case(MEMBER, body={"conversations": ["{group}"]}, ignored=True),
    frames.Follow: Case(
        MEMBER + " of a large group",
        {**OUTSIDERS, "member": Code.NOT_LARGE},
        body={"conversation": "{group}", "after": 0},
    ),
    frames.Unfollow: Case("any session", body={"conversation": "{group}"}),
    frames.Ping: Case("any session", body={}),
}

CHANGES: Final[dict[Frame, Case]] = {
    command.Add: Case(
        "owner and admins; members where the group says so", GROUP_ADMINS_ONLY, body={"account": "{guest}"}
    ),
    command.Remove: Case(
        "owner and admins; not each other",
        {**GROUP_ADMINS_ONLY, "admin": Code.NOT_ALLOWED},
        body={"account": "{owner}"},
    ),
    command.Leave: Case(MEMBER, OUTSIDERS),
    command.Join: Case("any account, of an open group", {"stranger": Code.GROUP_CLOSED, "former": Code.GROUP_CLOSED}),
    command.SetRole: Case(
        OWNER, {**GROUP_ADMINS_ONLY, "admin": Code.NOT_ALLOWED}, body={"account": "{admin}", "role": "member"}
    ),
    command.SetTitle: Case(ADMINS, GROUP_ADMINS_ONLY, body={"title": "z"}, right="admin"),
    command.SetSettings: Case(ADMINS, GROUP_ADMINS_ONLY, body={"settings": {}}, right="admin"),
    command.Pin: Case(
        "owner and admins; members where the group says so; both in a direct conversation",
        GROUP_ADMINS_ONLY,
        body={"number": "{message}"},
        right="admin",
    ),
}
