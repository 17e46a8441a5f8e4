"""All commands: where each is, and what it is for.

Named here, not imported: `chinwag --help` describes them all, and a command loads only what it needs.
"""

from typing import Final

import msgspec


class Described(msgspec.Struct, frozen=True):
    """One command. app: where its cyclopts app is, as module:attribute. help: the list of all has its first line."""

    name: str
    app: str
    help: str


COMMANDS: Final = (
    Described(
        "serve",
        "chinwag.cli.serve:app",
        """Run a chat server on this machine.

    Everything is kept in one folder; nothing else needs to be installed or running. Settings come from flags,
    over environment variables, over `chinwag.toml` in the current folder, over defaults. Ctrl-C or SIGTERM stops
    it gracefully: clients are told and come back by themselves.
    """,
    ),
    Described(
        "chat",
        "chinwag.cli.chat.command:app",
        """Talk, in this terminal.

    The first time it asks for the server, your name and a password, and makes you an account if you want one; then
    it remembers. Type lines to send them; /help lists the commands. In scripts, lines come from a pipe and the
    password from the environment variable CHINWAG_PASSWORD; it exits with 1 if a line was not sent.
    """,
    ),
    Described(
        "user",
        "chinwag.cli.user:app",
        """Manage the accounts of the server whose data folder this is, or of a cluster.

    The server may run meanwhile. Passwords are asked for, or taken from the variable CHINWAG_PASSWORD.
    """,
    ),
    Described(
        "invite",
        "chinwag.cli.invite:app",
        """Manage invitation codes: with `accounts.sign_up = "invitation"` nobody signs up without one.""",
    ),
    Described(
        "announce",
        "chinwag.cli.announce:app",
        "Say something to everybody who has an account on this server.",
    ),
    Described(
        "audit",
        "chinwag.cli.audit:app",
        "Show what administrators and the operator did, the latest first.",
    ),
    Described(
        "keys",
        "chinwag.cli.keys:app",
        "The keys that sign access tokens. The server may run meanwhile.",
    ),
    Described(
        "demo",
        "chinwag.cli.demo:app",
        """Start a server with sample people who talk with one another, and join them as sam.

    Everything goes when it ends, unless --data-path names a folder to keep it in. It listens on this machine only.
    """,
    ),
    Described(
        "status",
        "chinwag.cli.status:app",
        "Show what the server of this data folder is doing, or who does what on several machines.",
    ),
    Described(
        "trace",
        "chinwag.cli.trace:app",
        """Show where one message is for each member: stored, posted, announced, delivered, read.

    Asks the running server of the data folder; of a cluster its database and, over NATS, its servers. Shows numbers
    and times, never a text.
    """,
    ),
    Described(
        "search",
        "chinwag.cli.search:app",
        """The index by which messages are found: how it is, and make it anew.

    Asks the running server of the data folder, which makes the index by itself where it is missing.
    """,
    ),
    Described(
        "doctor",
        "chinwag.cli.doctor:app",
        """Look at everything that a server needs, and say what to do about what is wrong.

    Takes the same settings as `chinwag serve`; run it where and as whom the server runs. It changes nothing. Exits
    with 1 if something fails, else with 0.
    """,
    ),
    Described(
        "config",
        "chinwag.cli.show_config:app",
        """Show the settings in force, and where each came from.

    The output is a `chinwag.toml`: what comes from a file, a variable or a flag stands as it is, and defaults stand in
    comments. Takes the same flags as `chinwag serve`.
    """,
    ),
    Described(
        "backup",
        "chinwag.cli.backup:app",
        """Back the data folder up, also while the server runs.

    The backup is a new folder with a copy of everything at one moment, keys and hashes of passwords included: keep it
    as safe as the server itself. Its `manifest.json` names versions, sizes and checksums. Give it back with
    `chinwag restore`.
    """,
    ),
    Described(
        "restore",
        "chinwag.cli.restore:app",
        """Make a backup the data folder. The server must not run on it.

    The folder must be empty or new. Every file is checked against the backup's checksums before it takes its place.
    Devices that come back are told that what they know may no longer be so, and load everything afresh.
    """,
    ),
    Described(
        "export",
        "chinwag.cli.export:app",
        """Write an account, or everything, as JSON Lines: one JSON object a line, in UTF-8.

    An account's export holds its profile, devices, friends, conversations and the messages that it may read. The
    server may run meanwhile: the export is of one moment. Progress goes to standard error.
    """,
    ),
    Described(
        "move",
        "chinwag.cli.move:app",
        """Move a data folder to PostgreSQL. The server must not run on it.

    The database is the one of the postgres profile's settings, made by `chinwag cluster init` and empty. Everything is
    copied and compared. Clients go on with their log-ins, and notice nothing. If it is cut short, run it again: it goes
    on where it was, and until it is through no server starts, neither on the folder nor on the database.
    """,
    ),
    Described(
        "engines",
        "chinwag.cli.engines:app",
        """Run PostgreSQL and NATS on this machine, without containers.

    `up` fetches, makes and starts them, `down` ends them, `status` shows their addresses. They listen on this machine
    only. Root's run as the user `postgres`, or else `nobody`, as PostgreSQL refuses root. A single server needs none
    of them: `chinwag serve` keeps everything in one folder.

    Try `chinwag engines up`, then `chinwag engines status`.
    """,
    ),
    Described(
        "cluster",
        "chinwag.cli.cluster:app",
        """Prepare a server on PostgreSQL and NATS, which may be many processes on several machines.

    `init` makes what the databases must hold, `check` looks whether the engines are fit. A single server needs none of
    it: `chinwag serve` keeps everything in one folder unless `store.profile` says otherwise.
    """,
    ),
    Described(
        "bench",
        "chinwag.cli.bench:app",
        """Measure a running server from outside: delays, messages a second, connections a second.

    People are made by its public API, talk for some seconds, and are closed again; every message that arrives is
    checked. `B1` is one to one, one message at a time; `B2` many pairs with 16 messages in flight each; `B3` a group;
    `B4` idle sessions; `B5` devices that come back. It loads the server as much as that lets it, so by itself it
    measures servers on this machine only.

    Start a server (`chinwag serve`), then try `chinwag bench` in another terminal.
    """,
    ),
)
