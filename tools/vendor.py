"""Copy the vendored browser files out of `npm pack` archives and write their manifest.

    python tools/vendor.py FOLDER

FOLDER holds the archives named in `PACKAGES` (`npm pack htmx.org@2.0.11 bpmn-js@18.31.1
@tabler/icons@3.51.0 @zxing/library@0.21.3 cytoscape@3.34.4 axe-core@4.14.1`). The result is
committed: installing Holdfast needs no Node.
"""

import base64
import hashlib
import io
import json
import re
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "webapp" / "static" / "vendor"
TESTS = ROOT / "tests" / "browser" / "vendor"

# every icon the templates use; `tests/webapp/test_assets.py` holds the templates against it
ICONS = (
    "activity alert-circle alert-triangle arrow-right ban barcode binary-tree box "
    "building-hospital camera "
    "certificate chart-line check chevron-left chevron-right circle-check clipboard-check clock "
    "contrast device-desktop dots download eye file file-certificate file-check flag hand-stop "
    "history id-badge-2 inbox info-circle keyboard language list lock logout mail message minus "
    "moon package paperclip plus printer qrcode refresh report route scan search send "
    "settings-cog shield signature sitemap stack-2 sun tag user users versions x"
).split()


@dataclass(frozen=True)
class Package:
    """One npm package: its archive, its licence and the files taken from it."""

    name: str
    version: str
    licence: str
    files: tuple[tuple[str, str], ...]  # path in the archive, path under the target folder
    target: Path = STATIC

    @property
    def archive(self) -> str:
        """Return the name that `npm pack` gives the archive."""
        return f"{self.name.replace('@', '').replace('/', '-')}-{self.version}.tgz"


PACKAGES = (
    Package(
        "htmx.org",
        "2.0.11",
        "0BSD",
        (("dist/htmx.min.js", "htmx.min.js"), ("LICENSE", "htmx.LICENSE")),
    ),
    Package(
        "bpmn-js",
        "18.31.1",
        "bpmn.io",
        (
            ("dist/bpmn-navigated-viewer.production.min.js", "bpmn-navigated-viewer.min.js"),
            ("dist/assets/diagram-js.css", "diagram-js.css"),
            ("dist/assets/bpmn-js.css", "bpmn-js.css"),
            ("LICENSE", "bpmn-js.LICENSE"),
        ),
    ),
    Package("@tabler/icons", "3.51.0", "MIT", (("LICENSE", "tabler-icons.LICENSE"),)),
    Package(
        "@zxing/library",
        "0.21.3",
        "Apache-2.0",  # so its LICENSE; its package.json says MIT
        (("umd/index.min.js", "zxing.min.js"), ("LICENSE", "zxing.LICENSE")),
    ),
    Package(
        "cytoscape",
        "3.34.4",
        "MIT",
        (("dist/cytoscape.min.js", "cytoscape.min.js"), ("LICENSE", "cytoscape.LICENSE")),
    ),
    Package(
        "axe-core",
        "4.14.1",
        "MPL-2.0",
        (("axe.min.js", "axe.min.js"), ("LICENSE", "axe-core.LICENSE")),
        TESTS,
    ),
)


def sprite(archive: tarfile.TarFile) -> bytes:
    """Return one SVG with a `<symbol>` per icon, ids `i-<name>`."""
    symbols = []
    for name in ICONS:
        source = read(archive, f"icons/outline/{name}.svg").decode()
        shapes = re.sub(r"<!--.*?-->", "", source, flags=re.DOTALL)
        shapes = re.sub(r"^\s*<svg[^>]*>|</svg>\s*$", "", shapes.strip(), flags=re.DOTALL)
        shapes = re.sub(r'<path stroke="none"[^>]*/>', "", shapes)
        shapes = re.sub(r"\s*\n\s*", "", shapes).replace(" />", "/>")
        symbols.append(
            f'<symbol id="i-{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
            f'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">{shapes}</symbol>'
        )
    return ('<svg xmlns="http://www.w3.org/2000/svg">' + "".join(symbols) + "</svg>\n").encode()


def read(archive: tarfile.TarFile, path: str) -> bytes:
    """Return one file of an npm archive."""
    member = archive.extractfile(f"package/{path}")
    if member is None:
        message = f"{path} is not in the archive"
        raise FileNotFoundError(message)
    return member.read()


def digest(content: bytes) -> str:
    """Return the subresource-integrity form of a file's sha384."""
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


def vendored(folder: Path, package: Package) -> Iterator[tuple[str, bytes]]:
    """Yield the files taken from one package, names as they are kept."""
    content = (folder / package.archive).read_bytes()
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for source, target in package.files:
            yield target, read(archive, source)
        if package.name == "@tabler/icons":
            yield "icons.svg", sprite(archive)


def main(folder: Path) -> None:
    """Write every file and, beside them, the manifest and the notices."""
    for target in (STATIC, TESTS):
        target.mkdir(parents=True, exist_ok=True)
        manifest, notices = [], []
        for package in (p for p in PACKAGES if p.target == target):
            for name, content in vendored(folder, package):
                (target / name).write_bytes(content)
                manifest.append(
                    {
                        "file": name,
                        "package": package.name,
                        "version": package.version,
                        "licence": package.licence,
                        "bytes": len(content),
                        "sha384": digest(content),
                    }
                )
            licence = next(name for _, name in package.files if name.endswith("LICENSE"))
            notices.append(
                f"{package.name} {package.version} ({package.licence})\n\n"
                + (target / licence).read_text(encoding="utf-8").strip()
            )
        (target / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
        (target / "NOTICES.txt").write_text(f"\n\n{'-' * 78}\n\n".join(notices) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
