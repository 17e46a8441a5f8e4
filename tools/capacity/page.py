"""The tables of docs/capacity.md."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tools.capacity import limits, simulation
from tools.capacity.cases import CASES, B, C
from tools.capacity.costs import Figure, values
from tools.capacity.model import Costs, Need, need

_UNITS: Final = ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
Row = tuple[str, Callable[[Need], str]]


def short(value: float, unit: str = "") -> str:
    """Three digits at most, with a letter: 46,300 is 46.3k."""
    for size, letter in _UNITS:
        if value >= size:
            return f"{value / size:.3g} {letter}{unit}" if unit else f"{value / size:.3g}{letter}"
    return f"{value:.3g} {unit}".strip()


def count(value: float) -> str:
    """A number of things."""
    return f"{value:,.0f}"


_ROWS: Final[tuple[Row, ...]] = (
    ("messages/s at the busiest time", lambda found: short(found.loads.messages)),
    ("deliveries/s", lambda found: short(found.loads.deliveries)),
    ("postings to inboxes/s, marks among them", lambda found: short(found.loads.postings)),
    ("sockets", lambda found: short(found.loads.connected)),
    ("connects/s", lambda found: short(found.loads.connects)),
    ("**gateway** processes", lambda found: count(found.gateway)),
    ("**delivery**: workers of the log", lambda found: count(found.delivery)),
    ("**delivery**: workers of inboxes", lambda found: count(found.inbox)),
    ("**presence**", lambda found: count(found.presence)),
    ("**api**", lambda found: count(found.api)),
    ("**push**", lambda found: count(found.push)),
    ("log partitions (64 today)", lambda found: count(found.parts.log)),
    ("inbox partitions (16 today)", lambda found: count(found.parts.inbox)),
    ("messages in a delivery worker's batch", lambda found: short(found.parts.batch)),
    ("records/s into streams", lambda found: short(found.parts.log_records + found.parts.inbox_records)),
    ("rows written/s, before replication", lambda found: short(found.row_writes)),
    ("of it for one message", lambda found: f"{found.row_writes / found.loads.messages:.1f}"),
    ("rows and pages read/s", lambda found: short(found.row_reads)),
    ("**Cassandra** nodes by writes", lambda found: count(found.cassandra_by_writes)),
    ("by reads", lambda found: count(found.cassandra_by_reads)),
    ("by disk, at the end of 5 years", lambda found: count(found.cassandra_by_disk)),
    ("a write a message, not replicated: as the mission counts", lambda found: count(found.mission_nodes)),
    ("**JetStream** servers", lambda found: count(found.jetstream)),
    ("**core NATS**: cores", lambda found: count(found.nats)),
    ("**PostgreSQL** servers for the directory", lambda found: count(found.directory)),
    ("**ZooKeeper**", lambda found: f"{found.zookeeper} a cell"),
    ("memory of the roles", lambda found: short(found.memory, "B")),
    ("disk a day, three replicas", lambda found: short(found.disk_a_day, "B")),
    ("disk after 5 years, three replicas", lambda found: short(found.disk, "B")),
    ("network to people", lambda found: short(8 * found.to_people, "bit/s")),
    ("network between machines", lambda found: short(8 * found.between, "bit/s")),
)


def tables(figures: Sequence[Figure]) -> Mapping[str, list[str]]:
    """All tables by the names of their marks."""
    costs = values(list(figures))
    return {
        "needs": needs_table(costs),
        "limits": limits_table(costs),
        "zones": zones_table(costs),
        "owners": owners_table(),
        "returns": returns_table(costs),
        "assumptions": assumptions_table(figures),
    }


def needs_table(costs: Costs) -> list[str]:
    """What each case takes."""
    found = [need(case, costs) for case in CASES]
    lines = [
        "| | " + " | ".join(f"({case.name}) {case.title}" for case in CASES) + " |",
        "|---|" + "---:|" * len(CASES),
    ]
    return lines + [f"| {name} | " + " | ".join(of(one) for one in found) + " |" for name, of in _ROWS]


def limits_table(costs: Costs) -> list[str]:
    """Which limit is used up at how many people."""
    by_case, large = need(B, costs), need(C, costs)
    lines = [
        "| used up at, daily users | (b) uses | (c) uses | what | what one would change |",
        "|---:|---:|---:|---|---|",
    ]
    for at, limit in limits.in_order(B, costs):
        shown = "never" if at == float("inf") else short(at)
        shares = f"{_times(limit.share(by_case, costs))} | {_times(limit.share(large, costs))}"
        lines.append(f"| {shown} | {shares} | {limit.name} | {limit.change} |")
    return lines


def zones_table(costs: Costs) -> list[str]:
    """What the simulation shows of delivery workers."""
    each, cold = costs["deliver_us"] + costs["store_us"], costs["row_us"]
    lines = [
        "| load | what happens | the busiest worker is asked for | longest wait | refused | over after |",
        "|---:|---|---:|---:|---:|---:|",
    ]
    plays: list[tuple[str, int, float, float, float | None]] = [
        *(("nothing", 64, load, 0.0, None) for load in (0.3, 0.5, 0.6)),
        *(("a zone of three is lost", 64, load, 0.0, 20.0) for load in (0.3, 0.4, 0.5)),
        *(("the same, with 1,024 partitions", 1024, load, 0.0, 20.0) for load in (0.4, 0.5, 0.6)),
        ("one conversation asks for half a core", 64, 0.3, 0.5, None),
        ("one conversation asks for 1.2 cores", 64, 0.3, 1.2, None),
    ]
    for what, partitions, load, hot, lost in plays:
        world = simulation.World(12, partitions, load, each, cold, hot, lost)
        found = simulation.play(world)
        over = "" if lost is None else "never" if found.recovered == float("inf") else f"{found.recovered:.0f} s"
        lines.append(
            f"| {load:.0%} | {what} | {found.busiest:.0%} | {found.longest:.0f} s | {found.refused:.1%} | {over} |"
        )
    return lines


def owners_table() -> list[str]:
    """How unevenly partitions fall on workers."""
    counts = (6, 12, 24, 48)
    lines = [
        "| partitions | " + " | ".join(f"{one} workers" for one in counts) + " |",
        "|---:|" + "---:|" * len(counts),
    ]
    for partitions in (64, 256, 1024):
        cells = " | ".join(f"{simulation.most(partitions, one):.2f}" for one in counts)
        lines.append(f"| {partitions:,} | {cells} |")
    return lines


def returns_table(costs: Costs) -> list[str]:
    """How long a lost zone's people take to come back: a third of the sockets at once."""
    lines = ["| | people of the lost zone | gateways have let them in after | one directory has refreshed them after |"]
    lines.append("|---|---:|---:|---:|")
    for case in CASES:
        found = need(case, costs)
        lost = found.loads.connected / simulation.ZONES
        spare = found.gateway * (1 - 1 / simulation.ZONES) * (1 - costs["utilisation"])
        gateways = lost * costs["gateway_connect_us"] * 1e-6 / spare
        directory = lost / costs["directory_writes"]
        lines.append(f"| ({case.name}) | {short(lost)} | {_span(gateways)} | {_span(directory)} |")
    return lines


def assumptions_table(figures: Sequence[Figure]) -> list[str]:
    """Every figure with where it comes from."""
    lines = ["| figure | | what | kind | source |", "|---|---:|---|---|---|"]
    lines += [
        f"| `{one.name}` | {one.value:,g} {one.unit} | {one.what} | {one.kind} | {one.source} |" for one in figures
    ]
    return lines


def _times(share: float) -> str:
    return f"{share:.0%}" if share < 1 else f"{short(share)} times"


def _span(seconds: float) -> str:
    for size, name in ((86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {name}"
    return f"{seconds:.0f} s"
