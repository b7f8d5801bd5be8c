"""Download Fashion-MNIST, checked: python scripts/download_fashion_mnist.py [FOLDER [URL ...]].

Without a folder the files go where `eden.data.load` looks when there is no system package.
The checksums are of the unpacked files, because packagers compress them anew. A file appears under
its name only once it is whole and right, so a cut-off download is simply started again.
"""

import gzip
import hashlib
import os
import sys
import urllib.error
import urllib.request
import zlib
from pathlib import Path

from tqdm import tqdm

from eden import data

SOURCES = (
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)
# SHA-256 of the unpacked files, taken from Debian's package dataset-fashion-mnist.
FILES = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        total = int(answer.headers.get("Content-Length") or 0) or None
        with tqdm(total=total, unit="B", unit_scale=True, desc=url.rsplit("/", 1)[1]) as bar:
            parts = []
            while part := answer.read(1 << 16):
                parts.append(part)
                bar.update(len(part))
    return b"".join(parts)


def right(packed: bytes, sha256: str) -> bool:
    try:
        return hashlib.sha256(gzip.decompress(packed)).hexdigest() == sha256
    except (OSError, EOFError, zlib.error):
        return False


def fetch(folder: Path, name: str, sha256: str, sources: tuple[str, ...]) -> None:
    target = folder / f"{name}.gz"
    if target.exists() and right(target.read_bytes(), sha256):
        return
    reasons = []
    for source in sources:
        try:
            packed = read(source + target.name)
        except (urllib.error.URLError, OSError) as error:
            reasons.append(f"{source}: {getattr(error, 'reason', error)}")
            continue
        if not right(packed, sha256):
            reasons.append(f"{source}: checksum of the unpacked file differs from {sha256}")
            continue
        folder.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(target.name + ".tmp")
        temporary.write_bytes(packed)
        os.replace(temporary, target)
        return
    raise OSError(f"{target.name} could not be downloaded: " + "; ".join(reasons))


def main(folder: str | None = None, *sources: str) -> int:
    target = Path(folder) if folder else data.cache_folder()
    try:
        for name, sha256 in FILES.items():
            fetch(target, name, sha256, sources or SOURCES)
    except OSError as error:
        print(
            f"{error}. Put the four files into a folder and name it in EDEN_DATA, "
            "or install the package dataset-fashion-mnist.",
            file=sys.stderr,
        )
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
