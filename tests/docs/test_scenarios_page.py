"""docs/scenarios.md names every table, kind and key that a scenario may have."""

import msgspec
from pages import DOCS, first_cells, prose

from vxinspect.synth import kinds, scenario

PAGE = DOCS / "scenarios.md"


def test_every_fault_has_a_row() -> None:
    """Each kind of fault has a row, and each of its keys stands on the page."""
    cells = {cell.strip("`") for cell in first_cells(PAGE)}
    page = prose(PAGE)
    for kind in kinds.Fault.__args__:
        info = msgspec.inspect.type_info(kind)
        assert isinstance(info, msgspec.inspect.StructType)
        assert str(info.tag) in cells
        assert not [field.encode_name for field in info.fields if f"`{field.encode_name}`" not in page]


def test_every_key_is_named() -> None:
    """Each key of each table and traffic stands on the page."""
    page = prose(PAGE)
    parts = (scenario.Underlay, scenario.Vtep, scenario.Vni, scenario.Host, scenario.Migration)
    for part in (*parts, *scenario.Traffic.__args__):
        fields = msgspec.structs.fields(part)
        assert not [field.encode_name for field in fields if f"`{field.encode_name}`" not in page], part
