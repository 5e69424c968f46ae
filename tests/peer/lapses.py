"""The second server's faults of state: ways in which implementations fail to keep an ended session ended.

Each class is one: `clauses` are those that it breaks (any of them counts), the docstring is what `--list-faults` says.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from peer_server import Call, Channel, Registry, Session

CLOSES, STAYS, ONCE = "end/effect/closes", "end/effect/stays-closed", "end/effect/once"
URL, CONNECTION = "end/effect/websocket-url", "end/effect/connection"
NOT_REUSED = "end/effect/id-not-reused start/unique"
RESTART = "end/effect/survives-restart"


class Lapse:
    """None: what an honest server does at each place where a fault may do otherwise."""

    clauses = ""
    records_ends = True  # in the state file
    recalls_ended = True  # when it reads the state file

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def name(self, region: str) -> str:
        """The id of the next session; empty: a new one."""
        return ""

    async def started(self, call: Call, session: Session) -> None:
        """A session was started, the answer is not sent yet."""

    def asked(self, call: Call, name: str | None) -> None:
        """An End names a session, nothing is decided yet."""

    def finds(self, name: str) -> Session | None:
        """What an End takes a name for that is unknown in its region."""
        return None

    def overlooks(self, call: Call, session: Session) -> bool:
        """Whether this End takes the ended session for an open one."""
        return False

    def takes_effect(self, call: Call, session: Session) -> bool:
        """Whether this End, which is answered 200, ends the open session."""
        return True

    def ended(self, call: Call, session: Session) -> bool:
        """An End has ended the session; whether it is answered 200."""
        return True

    def refused(self, call: Call, session: Session) -> None:
        """An End of an ended session was refused."""

    def cuts(self, session: Session) -> Iterable[Channel]:
        """The connections that end with the session."""
        return list(session.channels)

    def described(self, call: Call, session: Session, honest: dict[str, Any]) -> dict[str, Any]:
        """What Describe says of the session."""
        return honest

    def admits(self, session: Session, connection: int, token: str | None) -> bool:
        """Whether the URL of the ended session is taken for that of an open one."""
        return False

    async def lets_in(self, session: Session) -> None:
        """A handshake is about to be answered with 101."""


def connected(honest: dict[str, Any]) -> dict[str, Any]:
    """A description with every connection alive."""
    rows = honest["Connections"]["Connection"]
    return honest | {"Connections": {"Connection": [row | {"Status": "Connected"} for row in rows]}}


# Opened again ------------------------------------------------------------------------------------


class DescribeRevives(Lapse):
    """Describe with an ended session's id opens it again"""

    clauses = f"{STAYS} {CLOSES}"

    def described(self, call: Call, session: Session, honest: dict[str, Any]) -> dict[str, Any]:
        if call.single.get("SessionId"):
            self.registry.reopen(session)
        return honest


class RevivesLater(Lapse):
    """a session opens again 1.5 s after it was ended, once"""

    clauses = f"{STAYS} {URL}"

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self.done: set[str] = set()

    def ended(self, call: Call, session: Session) -> bool:
        if session.id not in self.done:
            self.done.add(session.id)
            asyncio.get_running_loop().call_later(1.5, self.registry.reopen, session)
        return True


class RefusalRollsBack(Lapse):
    """the refusal of a second End rolls back to the row before the first: open"""

    clauses = STAYS

    def refused(self, call: Call, session: Session) -> None:
        self.registry.reopen(session)


class HandshakeRevives(Lapse):
    """a refused handshake at an ended session's URL marks it as Connecting, the next is let in"""

    clauses = f"{STAYS} {URL}"

    def admits(self, session: Session, connection: int, token: str | None) -> bool:
        self.registry.reopen(session)
        return False


class TombstoneExpires(Lapse):
    """that a session was ended is kept for 1.8 s after the last End that named it"""

    clauses = f"{STAYS} {URL}"

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self.timers: dict[str, asyncio.TimerHandle] = {}

    def extend(self, session: Session) -> None:
        if session.id in self.timers:
            self.timers[session.id].cancel()
        later = asyncio.get_running_loop().call_later
        self.timers[session.id] = later(1.8, self.registry.reopen, session)

    def ended(self, call: Call, session: Session) -> bool:
        self.extend(session)
        return True

    def refused(self, call: Call, session: Session) -> None:
        self.extend(session)


class TombstonesEvicted(Lapse):
    """that a session was ended is kept for the last 64 ended ones"""

    clauses = f"{STAYS} {URL}"

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self.kept: OrderedDict[str, Session] = OrderedDict()

    def ended(self, call: Call, session: Session) -> bool:
        self.kept[session.id] = session
        if len(self.kept) > 64:
            self.registry.reopen(self.kept.popitem(last=False)[1])
        return True


class ZoneSweeper(Lapse):
    """every full second a sweep takes UTC end times for local ones: what ended since is not over yet, so open"""

    clauses = f"{STAYS} {CLOSES} {URL}"

    def ended(self, call: Call, session: Session) -> bool:
        asyncio.get_running_loop().call_later(1 - time.time() % 1, self.registry.reopen, session)
        return True


class LostUpdate(Lapse):
    """Start reads the table of open sessions, takes 5 ms and writes it back: Ends in between are lost"""

    clauses = f"{CLOSES} {STAYS} {ONCE}"

    async def started(self, call: Call, session: Session) -> None:
        table = list(self.registry.open.values())
        await asyncio.sleep(0.005)
        for row in table:
            self.registry.reopen(row)


# Taken for open by some --------------------------------------------------------------------------


class PostOverlooks(Lapse):
    """an ended session is open again, for POST only"""

    clauses = STAYS

    def overlooks(self, call: Call, session: Session) -> bool:
        return call.request.method == "POST"


class XmlOverlooks(Lapse):
    """an ended session is open again, for XML only"""

    clauses = STAYS

    def overlooks(self, call: Call, session: Session) -> bool:
        return call.xml


class EveryThird(Lapse):
    """every third End that names an ended session succeeds"""

    clauses = STAYS

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self.asks = itertools.count(1)

    def overlooks(self, call: Call, session: Session) -> bool:
        return next(self.asks) % 3 == 0


class Window(Lapse):
    """every End within 30 ms of the first success succeeds as well"""

    clauses = f"{ONCE} {STAYS} {CLOSES}"

    def overlooks(self, call: Call, session: Session) -> bool:
        return session.ended is not None and time.time() - session.ended < 0.03


class WholeSeconds(Lapse):
    """end times are kept in full seconds and compared with <: until the next, End succeeds again"""

    clauses = f"{STAYS} {ONCE} {CLOSES}"

    def overlooks(self, call: Call, session: Session) -> bool:
        return session.ended is not None and not int(session.ended) < int(time.time())


class AnswerCached(Lapse):
    """End's success is kept by SessionId for ten seconds"""

    clauses = f"{STAYS} {ONCE} {CLOSES}"

    def overlooks(self, call: Call, session: Session) -> bool:
        return session.ended is not None and time.time() - session.ended < 10


class GetCached(Lapse):
    """a proxy keeps what GET was answered, without looking at nonces: a second GET succeeds again"""

    clauses = f"{STAYS} {ONCE} {CLOSES}"

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self.kept: set[str] = set()

    def ended(self, call: Call, session: Session) -> bool:
        if call.request.method == "GET":
            self.kept.add(session.id)
        return True

    def overlooks(self, call: Call, session: Session) -> bool:
        return call.request.method == "GET" and session.id in self.kept


class SchemeStores(Lapse):
    """the gateways of V1 and V3 each keep a list of what was ended, and each learns only of its own Ends"""

    clauses = STAYS

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self.known: set[tuple[bool, str]] = set()

    def ended(self, call: Call, session: Session) -> bool:
        self.known.add((call.request.header("authorization") is None, session.id))
        return True

    def overlooks(self, call: Call, session: Session) -> bool:
        row = (call.request.header("authorization") is None, session.id)
        first = row not in self.known
        self.known.add(row)
        return first


class ReplicaUnaware(Lapse):
    """one of three replicas, chosen by connection, learns only of the Ends that it answers"""

    clauses = f"{STAYS} {URL} {CLOSES}"

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self.known: set[str] = set()

    def ended(self, call: Call, session: Session) -> bool:
        if call.connection % 3 == 0:
            self.known.add(session.id)
        return True

    def overlooks(self, call: Call, session: Session) -> bool:
        if call.connection % 3 or session.id in self.known:
            return False
        self.known.add(session.id)
        return True

    def admits(self, session: Session, connection: int, token: str | None) -> bool:
        return connection % 3 == 0 and session.id not in self.known and token == session.token


class IdentityMap(Lapse):
    """each connection's ORM session keeps the rows that it loaded: who started or described a session sees it open"""

    clauses = f"{STAYS} {ONCE} {CLOSES} describe/closed"

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self.loaded: set[tuple[int, str]] = set()

    async def started(self, call: Call, session: Session) -> None:
        self.loaded.add((call.connection, session.id))

    def described(self, call: Call, session: Session, honest: dict[str, Any]) -> dict[str, Any]:
        if session.ended is None:
            self.loaded.add((call.connection, session.id))
        return connected(honest) if (call.connection, session.id) in self.loaded else honest

    def ended(self, call: Call, session: Session) -> bool:
        self.loaded.discard((call.connection, session.id))
        return True

    def overlooks(self, call: Call, session: Session) -> bool:
        if (call.connection, session.id) not in self.loaded:
            return False
        self.loaded.discard((call.connection, session.id))
        return True


class FirstOnConnection(Lapse):
    """a connection is warmed up on a backup: the first request on each may succeed on an ended session"""

    clauses = STAYS

    def overlooks(self, call: Call, session: Session) -> bool:
        return call.nth == 1


class OtherRegionSucceeds(Lapse):
    """an ended session is ended with success from any other region"""

    clauses = f"end/session/other-region {STAYS}"

    def finds(self, name: str) -> Session | None:
        session = self.registry.all.get(name)
        return session if session is not None and session.ended is not None else None

    def overlooks(self, call: Call, session: Session) -> bool:
        return call.single.get("RegionId") != session.region


# Answered 200 and not ended ----------------------------------------------------------------------


class DescribedOnly(Lapse):
    """End writes to the row that Describe has loaded: without a Describe before, it answers 200 and ends nothing"""

    clauses = f"{CLOSES} {STAYS} {ONCE} {URL} {CONNECTION}"

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self.loaded: set[str] = set()

    def described(self, call: Call, session: Session, honest: dict[str, Any]) -> dict[str, Any]:
        self.loaded.add(session.id)
        return honest

    def takes_effect(self, call: Call, session: Session) -> bool:
        return session.id in self.loaded


class NewestOnly(Lapse):
    """End is honoured for the newest open session of an instance only, others are answered 200"""

    clauses = f"{CLOSES} {STAYS} {ONCE} {URL} {CONNECTION}"

    def takes_effect(self, call: Call, session: Session) -> bool:
        return [row for row in self.registry.open.values() if row.instances == session.instances][-1] is session


class AllButLast(Lapse):
    """End's loop over the table stops one row early: the newest session is answered 200 and stays open"""

    clauses = f"{CLOSES} {STAYS} {ONCE} {URL} {CONNECTION}"

    def takes_effect(self, call: Call, session: Session) -> bool:
        return self.registry.order[-1] is not session


class EveryTenthLost(Lapse):
    """every tenth End is answered 200, and its write is lost"""

    clauses = f"{CLOSES} {STAYS} {ONCE} {URL} {CONNECTION}"

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self.ends = itertools.count(1)

    def takes_effect(self, call: Call, session: Session) -> bool:
        return next(self.ends) % 10 != 0


class WriteBehind(Lapse):
    """End answers 200 and takes effect 20 ms later"""

    clauses = f"{CLOSES} {STAYS} {ONCE} {URL}"

    def takes_effect(self, call: Call, session: Session) -> bool:
        asyncio.get_running_loop().call_later(0.02, self.registry.end, session)
        return False


class ConnectedSurvives(Lapse):
    """End ends the Connecting only: a session in use is answered 200 and goes on"""

    clauses = f"{CLOSES} {CONNECTION} {URL}"

    def takes_effect(self, call: Call, session: Session) -> bool:
        return not session.channels


class HungUpSurvives(Lapse):
    """a session whose client has hung up, and may come back, is answered 200 and stays open"""

    clauses = f"{CLOSES} {STAYS} {URL}"

    def takes_effect(self, call: Call, session: Session) -> bool:
        return bool(session.channels) or session.seen == session.created


class ProxyRetries(Lapse):
    """a proxy sends every thirtieth End twice and hands on the second answer: not found, for an open session"""

    clauses = f"end/success/status {CLOSES} {ONCE} {STAYS}"

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self.ends = itertools.count(1)

    def ended(self, call: Call, session: Session) -> bool:
        return next(self.ends) % 30 != 0


# Other observers, other sessions -----------------------------------------------------------------


class NeighbourClosed(Lapse):
    """End ends the next newer open session of the region as well"""

    clauses = "end/effect/only-named"

    def ended(self, call: Call, session: Session) -> bool:
        newer = (row for row in self.registry.open.values() if row.region == session.region)
        neighbour = next((row for row in newer if row.sequence > session.sequence), None)
        if neighbour is not None:
            self.registry.end(neighbour)
        return True


class InstanceCut(Lapse):
    """End cuts the connections of every session on the instance, and ends only the one named"""

    clauses = "end/effect/only-named"

    def cuts(self, session: Session) -> Iterable[Channel]:
        rows = [row for row in self.registry.all.values() if row.instances == session.instances]
        return [channel for row in rows for channel in row.channels]


class MissingRegionCloses(Lapse):
    """a call without RegionId is refused, after it has ended the session that it names"""

    clauses = "end/effect/refusal-is-inert"

    def asked(self, call: Call, name: str | None) -> None:
        if name in self.registry.open and "RegionId" not in call.single:
            self.registry.end(self.registry.open[name])


class OneConnectionCut(Lapse):
    """End cuts one connection of a session that has several"""

    clauses = CONNECTION

    def cuts(self, session: Session) -> Iterable[Channel]:
        return list(session.channels)[:1]


class TokenlessUrl(Lapse):
    """the URL of an ended session works without its token"""

    clauses = URL

    def admits(self, session: Session, connection: int, token: str | None) -> bool:
        return token is None


class DescribeCached(Lapse):
    """what Describe said of a session is kept, once it was asked by id"""

    clauses = "describe/closed"

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self.kept: dict[str, dict[str, Any]] = {}

    def described(self, call: Call, session: Session, honest: dict[str, Any]) -> dict[str, Any]:
        return self.kept.setdefault(session.id, honest) if call.single.get("SessionId") else honest


class ListStale(Lapse):
    """Describe without a SessionId shows ended sessions as Connected"""

    clauses = "describe/closed"

    def described(self, call: Call, session: Session, honest: dict[str, Any]) -> dict[str, Any]:
        return honest if call.single.get("SessionId") else connected(honest)


class DescribeReplica(Lapse):
    """one of three copies that Describe reads, chosen by connection, never learns of Ends"""

    clauses = "describe/closed"

    def described(self, call: Call, session: Session, honest: dict[str, Any]) -> dict[str, Any]:
        return honest if call.connection % 3 else connected(honest)


class LateGuest(Lapse):
    """between the look at the session and the 101 the token is checked elsewhere, for 20 ms: who was let in stays"""

    clauses = f"{CONNECTION} {CLOSES}"

    async def lets_in(self, session: Session) -> None:
        await asyncio.sleep(0.02)


class UrlOnOneGateway(Lapse):
    """one of eight gateways, chosen by connection, lets clients in to ended sessions"""

    clauses = f"{URL} {CLOSES} {STAYS}"

    def admits(self, session: Session, connection: int, token: str | None) -> bool:
        return connection % 8 == 0 and token == session.token


class IdAfterTwenty(Lapse):
    """after twenty further Starts an ended session's id is issued again"""

    clauses = NOT_REUSED

    def name(self, region: str) -> str:
        old = self.registry.order[-21] if len(self.registry.order) > 20 else None
        free = old is not None and old.region == region and self.registry.all[old.id].ended is not None
        return old.id if old is not None and free else ""


# Over a restart ----------------------------------------------------------------------------------


class SnapshotRestored(Lapse):
    """the state file is a snapshot of the last Start: a restart opens what was ended since"""

    clauses = RESTART
    records_ends = False


class IdsForgotten(Lapse):
    """ids are a counter that a restart sets back, and ended sessions are not read again"""

    clauses = f"{NOT_REUSED} {RESTART}"
    recalls_ended = False

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self.numbers = itertools.count(1)

    def name(self, region: str) -> str:
        names = (f"s-{region[3:5]}{number:012d}" for number in self.numbers)
        return next(name for name in names if name not in self.registry.all)


class IdsFromStart(Lapse):
    """ids are a counter that a restart sets back, and the service has been up for long: what it issues again is old"""

    clauses = f"{NOT_REUSED} {RESTART}"
    recalls_ended = False

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        restarted = registry.state is not None and registry.state.exists()
        self.numbers = itertools.count(1 if restarted else 5000)

    def name(self, region: str) -> str:
        names = (f"s-{region[3:5]}{number:012d}" for number in self.numbers)
        return next(name for name in names if name not in self.registry.all)


LAPSES: dict[str, type[Lapse]] = {
    "describe-revives": DescribeRevives,
    "revives-later": RevivesLater,
    "refusal-rolls-back": RefusalRollsBack,
    "handshake-revives": HandshakeRevives,
    "tombstone-expires": TombstoneExpires,
    "tombstones-evicted": TombstonesEvicted,
    "zone-sweeper": ZoneSweeper,
    "lost-update": LostUpdate,
    "post-overlooks": PostOverlooks,
    "xml-overlooks": XmlOverlooks,
    "every-third": EveryThird,
    "window": Window,
    "whole-seconds": WholeSeconds,
    "answer-cached": AnswerCached,
    "get-cached": GetCached,
    "scheme-stores": SchemeStores,
    "replica-unaware": ReplicaUnaware,
    "identity-map": IdentityMap,
    "first-on-connection": FirstOnConnection,
    "other-region-succeeds": OtherRegionSucceeds,
    "described-only": DescribedOnly,
    "newest-only": NewestOnly,
    "all-but-last": AllButLast,
    "every-tenth-lost": EveryTenthLost,
    "write-behind": WriteBehind,
    "connected-survives": ConnectedSurvives,
    "hung-up-survives": HungUpSurvives,
    "proxy-retries": ProxyRetries,
    "neighbour-closed": NeighbourClosed,
    "instance-cut": InstanceCut,
    "missing-region-closes": MissingRegionCloses,
    "one-connection-cut": OneConnectionCut,
    "tokenless-url": TokenlessUrl,
    "describe-cached": DescribeCached,
    "list-stale": ListStale,
    "describe-replica": DescribeReplica,
    "late-guest": LateGuest,
    "url-on-one-gateway": UrlOnOneGateway,
    "id-after-twenty": IdAfterTwenty,
    "snapshot-restored": SnapshotRestored,
    "ids-forgotten": IdsForgotten,
    "ids-from-start": IdsFromStart,
}
