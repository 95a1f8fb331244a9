"""The captures that the benchmark reads, and the C programs that make and measure them."""

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE / "build"


@dataclass(frozen=True)
class Recipe:
    """One capture's parameters. `flows` counts one-way inner flows; `mix` is imix, small or a length."""

    name: str
    frames: int
    mix: str
    flows: int
    vnis: int
    vteps: int
    seed: int = 1

    def scaled(self, scale: float) -> "Recipe":
        """Shorten it: fewer frames over proportionally fewer flows."""
        frames, flows = (max(2, round(number * scale)) for number in (self.frames, self.flows))
        return Recipe(self.name, frames, self.mix, flows, self.vnis, self.vteps, self.seed)

    @property
    def path(self) -> Path:
        """Where the capture is kept; the number of frames in its name keeps scales apart."""
        return BUILD / f"{self.name}-{self.frames}.pcap"


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("A", frames=1_000_000, mix="imix", flows=1_000, vnis=16, vteps=8),
        Recipe("B", frames=10_000_000, mix="small", flows=100_000, vnis=64, vteps=32),
        Recipe("C", frames=10_000_000, mix="imix", flows=1_000_000, vnis=1024, vteps=128),
        Recipe("D", frames=2_000_000, mix="1500", flows=10_000, vnis=16, vteps=8),
    )
}


def build_program(name: str) -> Path:
    """Compile `name`.c into the build folder, unless what is there is newer; returns the program."""
    source, program = HERE / f"{name}.c", BUILD / name
    if not is_older(program, source):
        return program
    BUILD.mkdir(exist_ok=True)
    # v2 is what every x86-64 server of the last decade has; `native` gains nothing here.
    march = ["-march=x86-64-v2"] if platform.machine() == "x86_64" else []
    subprocess.run(["cc", "-O3", *march, "-o", str(program), str(source)], check=True)
    return program


def make_capture(recipe: Recipe) -> bool:
    """Write the capture, unless one made by the present program is there; returns whether it was written."""
    maker = build_program("make_captures")
    if not is_older(recipe.path, maker):
        return False
    unfinished = recipe.path.with_suffix(".part")
    options = {
        "-o": unfinished,
        "-n": recipe.frames,
        "-m": recipe.mix,
        "-f": recipe.flows,
        "-v": recipe.vnis,
        "-t": recipe.vteps,
        "-s": recipe.seed,
    }
    try:
        subprocess.run([maker, *(str(word) for option in options.items() for word in option)], check=True)
        unfinished.rename(recipe.path)
    finally:
        unfinished.unlink(missing_ok=True)
    return True


def is_older(product: Path, source: Path) -> bool:
    """Whether `product` is missing or was made before `source` last changed."""
    return not product.exists() or product.stat().st_mtime < source.stat().st_mtime


def warm(path: Path) -> None:
    """Read the file once, so that it lies in the page cache and no round waits for the disk."""
    with path.open("rb") as capture, Path(os.devnull).open("wb") as nowhere:
        shutil.copyfileobj(capture, nowhere, 1 << 20)
