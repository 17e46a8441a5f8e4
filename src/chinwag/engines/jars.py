"""The programs of engines that run on Java: jars from Maven's repository, pinned by hash, kept in a cache.

Maven fetches them, by the settings that this machine has for it; what it brought is looked at before it is used. A list
names each as `group:artifact:version`, some with a classifier, and its SHA-256, and it names all: what a jar says it
needs is not fetched besides.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

import msgspec

from chinwag.engines.errors import EngineError
from chinwag.engines.programs import cache_folder
from chinwag.lasting import draft_name, new_file

FETCH_SECONDS: Final = 600.0
JAVA: Final = 17
"""The least version of Java."""
ZOOKEEPER: Final = files("chinwag.engines") / "zookeeper.txt"
CASSANDRA: Final = files("chinwag.engines") / "cassandra.txt"

_PLUGIN: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_POM: Final = """<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>engines</groupId><artifactId>engines</artifactId><version>1</version>
<packaging>pom</packaging><dependencies>
{}
</dependencies></project>
"""
_DEPENDENCY: Final = (
    "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version>"
    "<classifier>{}</classifier>"
    "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>"
)


class Jar(msgspec.Struct, frozen=True):
    """One of a list. digest: its SHA-256, in hexadecimal. classifier: which of several of one version; mostly empty."""

    group: str
    artifact: str
    version: str
    digest: str
    classifier: str = ""

    @property
    def file(self) -> str:
        """The name of its file."""
        return "-".join(filter(None, (self.artifact, self.version, self.classifier))) + ".jar"


def jars_of(pinned: Traversable) -> list[Jar]:
    """The jars that a list names."""
    found = []
    for line in pinned.read_text(encoding="utf-8").splitlines():
        name, digest = line.split()
        group, artifact, version, *classifier = name.split(":")
        found.append(Jar(group, artifact, version, digest, *classifier))
    return found


def java() -> str:
    """The program that runs jars. Raises `EngineError` if there is none that is new enough."""
    home = os.environ.get("JAVA_HOME")
    found = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if found is None:
        raise EngineError(f"Java {JAVA} or newer is missing: install it (Debian: apt-get install default-jre-headless)")
    try:
        said = subprocess.run(  # noqa: S603 - our own words
            [found, "-version"], capture_output=True, text=True, check=False, timeout=60
        ).stderr
        version = int(said.partition('version "')[2].split(".")[0].strip('"') or 0)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"{found} cannot be run: {error}") from error
    if version < JAVA:
        raise EngineError(f"{found} is Java {version}, and {JAVA} or newer is needed")
    return found


def fetch_jars(name: str, pinned: Traversable, say: Callable[[str], None]) -> Path:
    """The folder with the jars of a list, fetched by Maven if they are not there yet. Blocks, for half a minute or so.

    name: of the engine. Two that fetch at once both succeed. Raises `EngineError`.
    """
    jars, cache = jars_of(pinned), cache_folder(pinned)
    if not cache.is_dir():
        say(f"fetching {name} (once)")
        fresh = draft_name(cache)
        try:
            _fetch(jars, fresh)
            _see_that_they_are_right(jars, fresh)
            fresh.rename(cache)
        except OSError as error:
            if not cache.is_dir():  # nobody else was quicker
                raise EngineError(f"{cache} cannot be made ({error.strerror}): take away what is there") from error
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    missing = [jar.file for jar in jars if not (cache / jar.file).is_file()]
    if missing:
        raise EngineError(f"{cache} lacks {missing[0]}: take the folder away, then run this again")
    return cache


def _fetch(jars: Iterable[Jar], target: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise EngineError("Maven is missing, which fetches this engine: install it (Debian: apt-get install maven)")
    with tempfile.TemporaryDirectory(prefix="chinwag-") as folder:
        pom = Path(folder) / "pom.xml"
        wanted = (_DEPENDENCY.format(jar.group, jar.artifact, jar.version, jar.classifier) for jar in jars)
        with new_file(pom) as file:
            file.write(_POM.format("\n".join(wanted)).encode())
        command = [maven, "--batch-mode", "--quiet", "--file", str(pom), _PLUGIN, f"-DoutputDirectory={target}"]
        try:
            # the user as whom root's engines run must be able to read what is fetched
            done = subprocess.run(  # noqa: S603 - our own words
                command,
                capture_output=True,
                text=True,
                check=False,
                timeout=FETCH_SECONDS,
                umask=0o022,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            raise EngineError(f"Maven did not fetch the jars in {FETCH_SECONDS:.0f} s: see to the network") from None
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
        raise EngineError(f"Maven could not fetch the jars into {target.parent}:\n{last}")


def _see_that_they_are_right(jars: Iterable[Jar], folder: Path) -> None:
    for jar in jars:
        path = folder / jar.file
        if not path.is_file():
            raise EngineError(f"Maven did not bring {jar.file}")
        if hashlib.sha256(path.read_bytes()).hexdigest() != jar.digest:
            raise EngineError(f"{jar.file} is not the one that is pinned: nothing of it was kept")
