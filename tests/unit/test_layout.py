"""Tables never outgrow the terminal, and say what they left out."""

import re
from typing import Any

import pytest
from fakes import DEFAULTS, FIRST, row
from hypothesis import given, settings
from hypothesis import strategies as st

from vxinspect.columns import VIEWS
from vxinspect.render.cells import squeeze
from vxinspect.render.markdown import markdown_lines
from vxinspect.render.paint import PLAIN, Paint
from vxinspect.render.table import card_lines, more_line, table_lines
from vxinspect.render.text import clean, shorten, shorten_middle, text_width, wrap

IPV6 = "2001:db8:ffff:ffff:ffff:ffff:ffff:{:x}"
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "bytes": st.none() | st.integers(min_value=-(10**6), max_value=2**63),
    "count": st.none() | st.integers(min_value=0, max_value=2**63),
    "ip": st.sampled_from(["10.0.0.1", "255.255.255.255", "::", IPV6.format(1)]),
    "list": st.lists(st.text(max_size=40), max_size=30),
    "mac": st.just("ff:ff:ff:ff:ff:ff"),
    "milliseconds": st.none() | st.floats(min_value=0, max_value=1e9),
    "numbers": st.lists(st.integers(min_value=0, max_value=63), max_size=64),
    "percent": st.floats(min_value=0, max_value=100),
    "port": st.none() | st.integers(min_value=0, max_value=65535),
    "ratio": st.none() | st.floats(min_value=0, max_value=1e9),
    "seconds": st.floats(min_value=0, max_value=1e9),
    "text": st.none() | st.text(max_size=60),
    "time": st.none() | st.just(FIRST),
    "vni": st.integers(min_value=0, max_value=2**24 - 1),
    "vnis": st.lists(st.integers(min_value=0, max_value=2**24 - 1), unique=True, max_size=50).map(sorted),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]]]:
    """Draw a table's name and rows with values of its columns' kinds."""
    name = draw(st.sampled_from(sorted(VIEWS)))
    one = st.fixed_dictionaries({column.name: VALUES[column.kind] for column in VIEWS[name].columns})
    return name, draw(st.lists(one, min_size=1, max_size=4))


@settings(max_examples=300, deadline=None)
@given(table=tables(), width=st.integers(min_value=40, max_value=260))
def test_no_line_is_wider_than_the_terminal(table: tuple[str, list[dict[str, Any]]], width: int) -> None:
    """From 40 cells on, whatever the rows; a row is one line."""
    name, rows = table
    lines = table_lines(VIEWS[name], rows, width=width)
    assert max(map(text_width, lines)) <= width
    assert len(table_lines(VIEWS[name], rows, width=width, notes=False)) == len(rows) + 2


@settings(max_examples=100, deadline=None)
@given(table=tables(), width=st.integers(min_value=40, max_value=260))
def test_what_is_left_out_is_said(table: tuple[str, list[dict[str, Any]]], width: int) -> None:
    """Each column is in the heading or named in the note, but for what nobody asked for."""
    name, rows = table
    view = VIEWS[name]
    lines = table_lines(view, rows, width=width)
    note = " ".join(lines[len(rows) + 2 :])
    said = note.partition("not shown: ")[2].partition(";")[0]
    left_out = re.findall(r"\w+", said)
    # Many of one family are told by their number.
    families = {family: int(count) for count, family in re.findall(r"(\d+) columns of ([^,]+)", said)}
    ends = {part: end.title for end in view.ends for part in end.parts}
    for column in view.columns:
        titles = {column.title, column.short or column.title, ends.get(column.name, column.title)}
        squeezed = {title[: len(title) - 1] for title in titles}
        if column.usual is not None and all(each[column.name] == column.usual for each in rows):
            continue
        if column.asked and all(row[column.name] is None for row in rows):
            # Nobody asked for it.
            assert column.name not in left_out
        elif column.family in families:
            families[column.family] -= titles.isdisjoint(re.split(r" {2,}", lines[0]))
        else:
            assert column.name in left_out or any(title in lines[0] for title in titles | squeezed)
    assert not any(families.values())


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("width", [80, 200])
def test_key_is_never_dropped(name: str, width: int) -> None:
    """People can tell which row is which at both usual widths."""
    view = VIEWS[name]
    # Every value differs from the usual one, so no column is left out for telling nothing.
    unusual = {column.name: "vxlan/vxlan" for column in view.columns if column.usual == "vxlan"}
    heading = table_lines(view, [row(name, **unusual)], width=width)[0]
    titles = [next((c.title for c in view.columns if c.name == key), key) for key in view.key]
    assert all(title in heading or title[:5] in heading for title in titles)


def test_columns_of_usual_values_are_not_shown() -> None:
    """What wraps the packets is told where a row differs from plain VXLAN, and not at all elsewhere."""
    plain, nested = row("vnis"), row("vnis", encapsulation="vxlan/vxlan", depth=2)
    usual = table_lines(VIEWS["vnis"], [plain, plain], width=400)
    assert not re.search("encap|depth", "".join(usual))
    shown = table_lines(VIEWS["vnis"], [plain, nested], width=400)
    assert shown[0].split()[-2:] == ["encapsulation", "depth"]
    assert [line.split()[-2:] for line in shown[2:]] == [["vxlan", "1"], ["vxlan/vxlan", "2"]]
    assert not re.search("encap|depth", "".join(markdown_lines(VIEWS["vnis"], [plain])))


def test_wide_terminal_shows_more() -> None:
    """At 80 cells the least needed columns are named below; at 480 there is nothing to say."""
    narrow = table_lines(VIEWS["flows"], [row("flows")], width=80)
    assert narrow[-1].endswith("use --format csv or a wider terminal") or "terminal" in narrow[-1]
    assert len(table_lines(VIEWS["flows"], [row("flows")], width=480)) == 3


def test_long_addresses_leave_room_for_packets() -> None:
    """Two IPv6 ends are squeezed, and said to be, rather than crowding out all figures."""
    flow = row("flows", src_ip=IPV6.format(1), dst_ip=IPV6.format(2))
    lines = table_lines(VIEWS["flows"], [flow], width=80)
    assert "pkts" in lines[0]
    assert "inner" in lines[0]
    assert "…" in lines[2]
    assert "shortened: flow" in " ".join(lines)


def test_rule_is_as_wide_as_its_column() -> None:
    """Heading, rule and cells stand under each other."""
    heading, rule, body, *_ = table_lines(VIEWS["fdb"], [row("fdb")], width=200)
    assert rule.split("  ")[0] == "---"
    assert body.index("02:00:00:00:00:01") == heading.index("MAC") == rule.index("-----")


def test_no_rows() -> None:
    """An empty table says so in one line."""
    assert table_lines(VIEWS["flows"], [], width=80) == ["no flows"]


def test_absent_is_a_dash() -> None:
    """Null is told apart from zero."""
    lines = table_lines(
        VIEWS["fdb"],
        [row("fdb", ips=[], first_seen=None, last_seen=None, moves=0, five_moves_s=None)],
        width=200,
    )
    assert lines[2].split()[3:] == ["-", "3", "-", "-", "0", "-"]


@pytest.mark.parametrize(
    ("direction", "kind", "right", "text"),
    [
        ("both", "unicast", "10.0.0.2", "10.0.0.1 <-> 10.0.0.2"),
        ("a_to_b", "unicast", "10.0.0.2", "10.0.0.1 -> 10.0.0.2"),
        ("b_to_a", "unicast", "10.0.0.2", "10.0.0.1 <- 10.0.0.2"),
        ("a_to_b", "multicast", "239.1.1.1", "10.0.0.1 -> 239.1.1.1"),
    ],
)
def test_tunnel_is_one_column(direction: str, kind: str, right: str, text: str) -> None:
    """The arrow tells the direction, so neither it nor the kind takes a column."""
    tunnel = row("tunnels", vtep_b=right, direction=direction, kind=kind)
    lines = table_lines(VIEWS["tunnels"], [tunnel], width=300)
    assert lines[2].startswith(text)
    assert "direction" not in lines[0]


def test_flow_ends_have_ports() -> None:
    """IPv6 with a port has brackets; without a port there is none to tell."""
    rows = [
        row("flows", src_ip="10.0.0.1", src_port=5201, dst_ip="10.0.0.2", dst_port=80),
        row("flows", src_ip="2001:db8::1", src_port=5201, dst_ip="2001:db8::2", dst_port=80),
        row(
            "flows",
            src_ip="2001:db8::1",
            src_port=None,
            dst_ip="2001:db8::2",
            dst_port=None,
            protocol="icmp6",
        ),
    ]
    body = "\n".join(" ".join(line.split()) for line in table_lines(VIEWS["flows"], rows, width=300))
    assert "10.0.0.1:5201 -> 10.0.0.2:80" in body
    assert "[2001:db8::1]:5201 -> [2001:db8::2]:80" in body
    assert "icmp6 2001:db8::1 -> 2001:db8::2 " in body


def test_conversation_arrow_tells_who_was_silent() -> None:
    """One way only is not a dialogue."""
    rows = [
        row("conversations_ip", ip_b="10.0.0.2", packets_ab=2, packets_ba=1),
        row("conversations_ip", ip_b="10.0.0.2", packets_ab=2, packets_ba=0),
        row("conversations_ip", ip_b="10.0.0.2", packets_ab=0, packets_ba=2),
    ]
    body = [" ".join(line.split()) for line in table_lines(VIEWS["conversations_ip"], rows, width=300)[2:]]
    arrows = [line.split("10.0.0.1 ")[1].split()[0] for line in body]
    assert arrows == ["<->", "->", "<-"]


def test_squeezed_pair_keeps_both_ends() -> None:
    """Each side keeps its start and its tail."""
    text = squeeze("2001:db8:aaaa::1 <-> 2001:db8:bbbb::2", 25)
    left, right = text.split(" <-> ")
    assert len(text) <= 25
    assert left.startswith("2001")
    assert left.endswith(":1")
    assert right.startswith("2001")
    assert right.endswith(":2")


def test_card_has_all_columns() -> None:
    """A single row stands upright, a title a line, and needs no width."""
    lines = card_lines(VIEWS["overhead_total"], row("overhead_total"))
    assert len(lines) == len(VIEWS["overhead_total"].columns)
    assert max(map(len, lines)) <= 40


def test_more_rows_are_counted() -> None:
    """How many, and how to see them; nothing when all are shown."""
    assert more_line(20, 1000, "--limit 0 for all") == ["... 980 more rows (--limit 0 for all)"]
    assert more_line(20, 21, "x") == ["... 1 more row (x)"]
    assert more_line(20, 20, "x") == []


def test_plain_paint_adds_nothing() -> None:
    """Without colour no byte is an escape; with colour the text is the same."""
    plain = table_lines(VIEWS["fdb"], [row("fdb")], width=80, paint=PLAIN)
    painted = table_lines(VIEWS["fdb"], [row("fdb")], width=80, paint=Paint(enabled=True))
    assert "\x1b" not in "".join(plain)
    assert "\x1b" in "".join(painted)
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in painted] == plain


def test_text_from_a_capture_cannot_steer_a_terminal() -> None:
    """Escapes, bells, bidirectional marks and line breaks vanish."""
    assert clean("a\x1b[31mb\x07\u202e\nc\x9bd") == "a[31mbcd"
    lines = table_lines(VIEWS["flows"], [row("flows", protocol="t\x1b]0;x\x07cp")], width=200)
    assert "\x1b" not in "".join(lines)


@given(st.text(max_size=60), st.integers(min_value=1, max_value=50))
def test_shortened_text_fits(text: str, width: int) -> None:
    """Wide characters count twice, whichever way text is shortened."""
    text = clean(text)
    assert text_width(shorten(text, width)) <= width
    assert text_width(shorten_middle(text, width)) <= width


@given(st.text(max_size=200), st.integers(min_value=2, max_value=60))
def test_wrapped_text_fits_and_loses_nothing(text: str, width: int) -> None:
    """Lines fit, and their letters are the text's."""
    text = clean(text)
    lines = wrap(text, width)
    assert max(map(text_width, lines)) <= width
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_defaults_cover_every_kind() -> None:
    """The stand-in rows have a value for each kind of column."""
    assert set(DEFAULTS) == set(VALUES) == {column.kind for view in VIEWS.values() for column in view.columns}
