"""The arithmetic: from people to loads, and from loads to processes, nodes, memory, disk and network. Pure."""

from collections.abc import Mapping
from math import ceil, expm1, log1p
from typing import Final

import msgspec
from tools.capacity.cases import DAY, Case

Costs = Mapping[str, float]
YEAR: Final = 365.0
REPLICAS_READ: Final = 2
"""Of three replicas a quorum answers a read."""
_US: Final = 1e-6


class Loads(msgspec.Struct, frozen=True):
    """What happens in a second of the busiest time, unless a name says otherwise."""

    messages: float
    audience: float
    """Inboxes that a message goes to, on average."""
    connected: float
    """Sockets."""
    deliveries: float
    connects: float
    marks: float
    postings: float
    """Entries of inboxes: messages and marks."""
    pages: float
    pushes: float


class Parts(msgspec.Struct, frozen=True):
    """Partitions that the work needs, as one worker of one is one core at most; and how far batches carry then."""

    log: int
    inbox: int
    gateways: int
    commands_a_record: float
    batch: float
    """Messages that a delivery worker places at once."""
    batches: float
    log_records: float
    inbox_records: float


class Need(msgspec.Struct, frozen=True):
    """What a case takes. Processes of the roles have a core each; `disk` is in bytes, with all replicas."""

    loads: Loads
    parts: Parts
    gateway: int
    delivery: int
    inbox: int
    presence: int
    api: int
    push: int
    memory: float
    """Bytes, of all processes of the roles."""
    row_writes: float
    row_reads: float
    cassandra_by_writes: int
    cassandra_by_reads: int
    cassandra_by_disk: int
    mission_nodes: int
    """As the mission counts: a write a message, no replica."""
    disk_a_day: float
    disk: float
    jetstream: int
    nats: int
    directory: int
    zookeeper: int
    stream_bytes: float
    """Into the streams, a second, once."""
    to_people: float
    """Bytes a second."""
    between: float

    @property
    def cassandra(self) -> int:
        """Nodes: what the dearest of writes, reads and disk asks for."""
        return max(3, self.cassandra_by_writes, self.cassandra_by_reads, self.cassandra_by_disk)


def loads_of(case: Case, costs: Costs) -> Loads:
    """What so many people do at the busiest time."""
    groups = costs["group_share"]
    audience = (1 - groups) * 2 + groups * costs["group_members"]
    messages = case.daily * case.messages / (case.hours * 3600) * case.peak
    devices = case.connected * case.devices
    marks = messages * (audience - 1) * costs["marks_share"]
    return Loads(
        messages=messages,
        audience=audience,
        connected=case.daily * devices,
        deliveries=messages * audience * devices,
        connects=case.daily * case.devices * case.connects / DAY * case.peak,
        marks=marks,
        # a mark: the reader's other devices, and the author
        postings=messages * audience + 2 * marks,
        pages=case.daily * case.pages / DAY * case.peak,
        pushes=messages * (audience - 1) * (1 - case.connected),
    )


def parts_of(loads: Loads, costs: Costs) -> Parts:
    """How many partitions there must be, and the batches that come of it."""
    spare = costs["utilisation"]
    placing = _deliver_us(costs) * _US
    posting = _inbox_us(costs) * _US
    log = max(int(costs["log_partitions"]), ceil(loads.messages * placing / spare))
    inbox = max(int(costs["inbox_partitions"]), ceil(loads.postings * posting / spare))
    gateways = gateways_of(loads, costs)
    together = max(1.0, loads.messages / (gateways * log) * costs["append_seconds"])
    batch = max(1.0, loads.messages / log * costs["commit_seconds"])
    batches = loads.messages / batch
    return Parts(
        log=log,
        inbox=inbox,
        gateways=gateways,
        commands_a_record=together,
        batch=batch,
        batches=batches,
        log_records=loads.messages / together,
        # a mark's postings go together with what waits for the same way; at worst each by itself
        inbox_records=batches * touched(inbox, batch * loads.audience)
        + min(2 * loads.marks, gateways * inbox / costs["append_seconds"]),
    )


def gateways_of(loads: Loads, costs: Costs) -> int:
    """Processes: as many as sessions ask for, or as their work."""
    work = (
        loads.messages * costs["gateway_send_us"]
        + loads.deliveries * costs["gateway_delivery_us"]
        + loads.connected / costs["heartbeat_seconds"] * costs["gateway_heartbeat_us"]
        + loads.connects * costs["gateway_connect_us"]
    )
    return max(2, ceil(loads.connected / costs["gateway_sessions"]), _cores(work, costs))


def touched(parts: int, postings: float) -> float:
    """Of so many parts, into how many this many postings fall on average, spread evenly."""
    return -parts * expm1(postings * log1p(-1 / parts)) if parts > 1 else 1.0


def need(case: Case, costs: Costs) -> Need:
    """All of it."""
    loads = loads_of(case, costs)
    parts = parts_of(loads, costs)
    row_writes = (
        loads.messages * (costs["event_rows"] + costs["key_rows"] + costs["state_rows"])
        + loads.postings * costs["posting_rows"]
        + loads.marks * costs["mark_rows"]
        + parts.inbox_records  # how far the streams have been acked
        + parts.inbox / costs["checkpoint_seconds"]
    )
    row_reads = (
        loads.messages * costs["key_reads"]
        + parts.batches * costs["look_reads"]
        + loads.marks * costs["mark_reads"]
        + loads.connects * costs["connect_reads"]
        + loads.pages * costs["page_reads"]
    )
    replicas, on_disk = costs["replicas"], costs["node_disk"] * 1e12
    text = max(0.0, case.text - costs["text_measured"]) * costs["compression"]
    a_message = costs["event_disk"] + costs["key_disk"] + text
    a_day = case.daily * case.messages * a_message * replicas
    days = min(case.days, costs["inbox_days"])
    entries = loads.postings / loads.messages
    inboxes = case.daily * case.messages * entries * costs["posting_disk"] * days * replicas
    states = case.accounts * costs["account_conversations"] * costs["conversation_disk"] * replicas
    disk = a_day * case.days + inboxes + states
    event = costs["event_bytes"] + case.text - costs["text_measured"]
    command = costs["command_bytes"] + case.text - costs["text_measured"]
    copies = touched(parts.inbox, loads.audience)
    posted = loads.messages * copies * (event + costs["record_bytes"]) + 2 * loads.marks * costs["record_bytes"]
    stream_bytes = loads.messages * command + posted
    records = parts.log_records + parts.inbox_records
    groups = max(1, ceil(records / (costs["stream_records"] * costs["utilisation"])))
    by_bytes = max(1, ceil(stream_bytes / (costs["server_bytes"] * 1e6 * costs["utilisation"])))
    core_nats = loads.messages * costs["nats_message_us"] + loads.deliveries * costs["nats_delivery_us"]
    delivery = _cores(loads.messages * _deliver_us(costs) + parts.inbox_records * costs["append_us"], costs)
    to_people = loads.deliveries * (event + costs["frame_bytes"])
    stored = loads.messages * (costs["event_rows"] * event + costs["key_bytes"] + costs["state_bytes"])
    return Need(
        loads=loads,
        parts=parts,
        gateway=parts.gateways,
        delivery=max(2, delivery),
        inbox=max(2, _cores(loads.postings * _inbox_us(costs), costs)),
        presence=max(2, _cores(2 * loads.connects * costs["presence_us"], costs)),
        api=max(2, _cores(loads.connects * costs["refresh_us"] + loads.pages * costs["page_us"], costs)),
        push=max(2, _cores(loads.pushes * costs["push_us"], costs)),
        memory=loads.connected * (costs["session_bytes"] + costs["presence_bytes"] + costs["routing_bytes"])
        + (parts.gateways + delivery) * costs["process_bytes"] * 1e6,
        row_writes=row_writes,
        row_reads=row_reads,
        cassandra_by_writes=ceil(row_writes * replicas / costs["node_writes"]),
        cassandra_by_reads=ceil(row_reads * REPLICAS_READ / costs["node_reads"]),
        cassandra_by_disk=ceil(disk / on_disk),
        mission_nodes=ceil(loads.messages / costs["node_writes"]),
        disk_a_day=a_day,
        disk=disk,
        jetstream=3 * max(groups, by_bytes),
        nats=max(3, _cores(core_nats, costs)),
        directory=max(1, ceil(loads.connects / costs["directory_writes"])),
        zookeeper=3,
        stream_bytes=stream_bytes,
        to_people=to_people,
        # commands and postings to three servers each and on to a worker, rows to three nodes, deliveries to gateways
        between=stream_bytes * (replicas + 1)
        + (stored + loads.postings * costs["posting_disk"]) * replicas
        + to_people,
    )


def _deliver_us(costs: Costs) -> float:
    return costs["deliver_us"] + costs["store_us"]


def _inbox_us(costs: Costs) -> float:
    return costs["number_us"] + costs["posting_rows"] * costs["row_us"]


def _cores(us: float, costs: Costs) -> int:
    """Cores for so many microseconds of work in a second, none busier than it may be."""
    return ceil(us * _US / costs["utilisation"])
