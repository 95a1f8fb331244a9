"""TCP connections described segment by segment, and what can befall them: faults, pauses, other tunnels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

import strategies
from hypothesis import strategies as st
from inner import L4, Inner, InnerIp
from packets import Packet
from shells import Outer

CYCLE = 2**32
CLIENT, SERVER = True, False
SIZES = (1, 2, 40, 100)
TUNNELS = (("192.0.2.1", "192.0.2.2"), ("192.0.2.3", "192.0.2.2"))
PAUSES = (0, 20_000, 100_000, 2_000_000, 4_000_000, 1_000_000_000, -500_000)


@dataclass(frozen=True)
class Said:
    """A segment: who sends it, what, and how many nanoseconds after the one before."""

    opener: bool
    flags: str
    seq: int
    ack: int = 0
    payload: int = 0
    window: int = 512
    pause: int = 100_000
    tunnel: int = 0


def packets_of(talk: Sequence[Said], port: int = 40_000, vni: int = 100) -> list[Packet]:
    """Return the packets of a connection from 10.0.0.1 to port 443 of 10.0.0.2."""
    made = []
    time = strategies.START
    for said in talk:
        ends = ("10.0.0.1", "10.0.0.2") if said.opener else ("10.0.0.2", "10.0.0.1")
        ports = (port, 443) if said.opener else (443, port)
        l4 = L4(
            "tcp",
            *ports,
            said.flags,
            payload=bytes(said.payload),
            seq=said.seq % CYCLE,
            ack=said.ack % CYCLE,
            window=said.window,
        )
        macs = strategies.MACS[:2] if said.opener else strategies.MACS[1::-1]
        tunnel = TUNNELS[said.tunnel] if said.opener else TUNNELS[said.tunnel][::-1]
        time += said.pause
        made.append(Packet(time, Outer(*tunnel), vni, Inner(macs[1], macs[0], InnerIp(*ends, l4))))
    return made


@dataclass
class Talker:
    """Makes a connection that begins plausibly, and goes on as its seeds say."""

    talk: list[Said] = field(default_factory=list)
    following: dict[bool, int] = field(default_factory=lambda: {CLIENT: 1000, SERVER: 5000})
    windows: dict[bool, int] = field(default_factory=lambda: {CLIENT: 512, SERVER: 512})
    lost: tuple[bool, int, int] | None = None

    def say(self, opener: bool, flags: str, payload: int = 0, **changes: int) -> None:  # noqa: FBT001
        """Send the next segment."""
        said = Said(
            opener,
            flags,
            self.following[opener],
            self.following[not opener] if "A" in flags else 0,
            payload,
            self.windows[opener],
        )
        said = replace(said, **changes)  # type: ignore[arg-type]
        self.talk.append(said)
        if "R" not in flags:
            end = said.seq + payload + ("S" in flags) + ("F" in flags)
            self.following[opener] = max(self.following[opener], end)

    def open(self, random: Random) -> None:
        """Begin with a handshake, or a part of one, or in the middle."""
        for opener in (CLIENT, SERVER):
            self.following[opener] = random.choice((1000, 70_000, CYCLE - 5, CYCLE - 200, 3 * 10**9))
        begin = random.randrange(8)
        pause = random.choice((50_000, 400_000, 20_000_000))
        if begin < 5:
            self.say(CLIENT, "S", random.choice((0, 0, 0, 30)), pause=pause)
        if begin == 0:
            self.say(SERVER, "S", pause=pause)
            self.say(CLIENT, "SA", seq=self.talk[-2].seq, pause=pause)
        if begin < 6:
            self.say(SERVER, "SA", pause=pause)
            self.say(CLIENT, "A", pause=pause)

    def act(self, seed: int) -> None:
        """Do one more thing."""
        random = Random(seed)  # noqa: S311 - nothing secret
        way = random.random() < 0.7  # most is said by the client
        pause, tunnel = random.choice(PAUSES), int(random.randrange(6) == 0)
        act = random.choice((self.send, self.send, self.send, *self.acts))
        act(way, random, pause=pause, tunnel=tunnel)

    @property
    def acts(self) -> tuple[Callable[..., None], ...]:
        """Whatever else can happen."""
        return (
            *(self.lose, self.bring_late, self.repeat, self.repeat, self.repeat_acknowledgment),
            *(self.keep_alive, self.close_window, self.finish, self.reset, self.open_again),
            self.acknowledge_unseen,
        )

    def send(self, way: bool, random: Random, **changes: int) -> None:  # noqa: FBT001
        """Send data, and perhaps have it acknowledged."""
        self.say(way, random.choice(("A", "PA")), random.choice(SIZES), **changes)
        if random.randrange(2):
            self.say(not way, "A", **changes)

    def lose(self, way: bool, random: Random, **_: int) -> None:  # noqa: FBT001
        """Lose data before the capture point."""
        size = random.choice(SIZES)
        self.lost = (way, self.following[way], size)
        self.following[way] += size

    def bring_late(self, *_: object, **changes: int) -> None:
        """Bring what was lost, overtaken or sent again."""
        if self.lost is not None:
            way, seq, size = self.lost
            self.say(way, "A", size, seq=seq, **changes)

    def repeat(self, way: bool, random: Random, **changes: int) -> None:  # noqa: FBT001
        """Send data again, in part or with more behind it."""
        mine = [said for said in self.talk if said.opener == way and said.payload]
        if mine:
            again = random.choice(mine)
            self.say(way, "A", random.choice((1, again.payload, again.payload + 7)), seq=again.seq, **changes)

    def repeat_acknowledgment(self, way: bool, random: Random, **changes: int) -> None:  # noqa: FBT001
        """Acknowledge the same once more, or several times."""
        for _ in range(random.choice((1, 2, 3))):
            self.say(way, "A", **changes)

    def keep_alive(self, way: bool, random: Random, **changes: int) -> None:  # noqa: FBT001
        """Ask whether the other is there: when there is nothing to say, so it acknowledges nothing new."""
        acks = [said.ack for said in self.talk if said.opener == way and "A" in said.flags]
        ack = acks[-1] if acks else self.following[not way]
        self.say(way, "A", random.choice((0, 1)), seq=self.following[way] - 1, ack=ack, **changes)
        if random.randrange(3):
            self.say(not way, "A", **changes)

    def close_window(self, way: bool, random: Random, **changes: int) -> None:  # noqa: FBT001
        """Have no room, be asked for some, and perhaps have it again."""
        self.windows[way] = 0
        self.say(way, "A", **changes)
        for _ in range(random.choice((0, 1, 2))):
            self.say(not way, "A", 1, **changes)
            self.following[not way] -= 1
            self.say(way, "A", **changes)
        if random.randrange(3):
            self.windows[way] = 512
            self.say(way, "A", **changes)

    def finish(self, way: bool, random: Random, **changes: int) -> None:  # noqa: FBT001
        """Close, and perhaps say so again."""
        self.say(way, "FA", random.choice((0, 5)), **changes)
        if random.randrange(3) == 0:
            self.say(way, "FA", seq=self.following[way] - 1, **changes)

    def reset(self, way: bool, random: Random, **changes: int) -> None:  # noqa: FBT001
        """Reset."""
        self.say(way, random.choice(("R", "RA")), **changes)

    def open_again(self, way: bool, random: Random, **changes: int) -> None:  # noqa: FBT001
        """Use the ports again, for a connection with another initial sequence number."""
        self.following[way] += random.choice((7, 5_000, CYCLE // 2))
        self.say(way, "S", **changes)
        if random.randrange(2):
            self.say(way, "S", seq=self.following[way] - 1, **changes)
        self.say(not way, "SA", **changes)
        self.say(way, "A", **changes)

    def acknowledge_unseen(self, way: bool, random: Random, **changes: int) -> None:  # noqa: FBT001
        """Acknowledge what the capture did not see."""
        self.say(way, "A", ack=self.following[not way] + random.choice(SIZES), **changes)


def talk(seed: int, seeds: Sequence[int]) -> list[Said]:
    """Return a connection that begins and goes on by these."""
    talker = Talker()
    talker.open(Random(seed))  # noqa: S311 - nothing secret
    for each in seeds:
        talker.act(each)
    return talker.talk


def talks(most: int = 12) -> st.SearchStrategy[list[Said]]:
    """Return connections of up to so many seeds: a failing one shrinks to the few segments that matter."""
    return st.builds(talk, strategies.SEEDS, st.lists(strategies.SEEDS, max_size=most))
