"""Make the fonts of `fonts/` again from what their makers give out: `python -m union.press.foundry FOLDER`.

FOLDER holds the unpacked npm package of Archivo (its `files`) and the .ttf files of Debian's
fonts-dejavu-core, in the versions that `fonts/manifest.json` names. Reading WOFF2 asks for the package
brotli, which nothing else here needs. The same sources give the same bytes.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from fontTools.merge import Merger
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

from union.press.cleaning import FONTS

_WEIGHTS = {"Regular": 400, "Bold": 700}
_LAYOUT = ("GDEF", "GPOS", "GSUB", "STAT")
_LETTERS = {
    # all but emblems and the styled letters of mathematics
    "DejaVuSans": (range(0x20, 0x2E2F), range(0xFB1D, 0xFC00), range(0xFFFD, 0xFFFE)),
    # fingerprints, addresses and commands
    "DejaVuSansMono": (range(0x20, 0x180), range(0x2013, 0x2015), (0x2026, 0x20AC)),
}


def archivo(sources: Path, made: Path) -> None:
    """Write Archivo in two weights, Latin and extended Latin in one file each."""
    for style, weight in _WEIGHTS.items():
        with TemporaryDirectory() as folder:
            parts, made_at = [], 0  # their date in place of today
            for part in ("latin", "latin-ext"):
                with TTFont(sources / f"archivo-{part}-wdth-normal.woff2", recalcTimestamp=False) as font:
                    still = instantiateVariableFont(font, {"wght": weight, "wdth": 100})
                    for table in _LAYOUT:
                        if table in still:
                            del still[table]
                    still.flavor = None
                    made_at = still["head"].modified
                    parts.append(f"{folder}/{part}.ttf")
                    still.save(parts[-1])
            merged = Merger().merge(parts)
            merged.recalcTimestamp = False
            merged["head"].created = merged["head"].modified = made_at
            merged.save(made / f"Archivo-{style}.ttf")


def dejavu(sources: Path, made: Path) -> None:
    """Write DejaVu with the letters we may need, and all that joins and places them."""
    for name, letters in _LETTERS.items():
        with TTFont(sources / f"{name}.ttf", recalcTimestamp=False) as font:
            subsetter = Subsetter(Options(hinting=False, layout_features=["*"]))
            subsetter.populate(unicodes=[letter for span in letters for letter in span])
            subsetter.subset(font)
            font.save(made / f"{name}.ttf")


if __name__ == "__main__":
    archivo(Path(sys.argv[1]), FONTS)
    dejavu(Path(sys.argv[1]), FONTS)
