"""Damages files that `eden.profiles.read` knows, and reads them: each is read or refused in a line.

Run: python tests/fuzz/fuzz_profiles.py [--runs 100000] [--seed 1] [--only profile]

Every public form and the profile itself, plain and packed, and as Parquet, with bytes changed, cut
out, repeated or put in; --only takes one of the readers. Anything but a ValueError of one line that
names the file ends the run with the bytes that did it; so does memory that grows from tenth to
tenth.
"""

import argparse
import gzip
import random
import resource
import tempfile
from pathlib import Path

from eden import profiles
from eden.profiles._schema import NAMES
from eden.profiles._studies import FORMS

GOOD = {
    "module": "m", "vendor": "A", "vdd_volts": "1.1", "trcd_seconds": "1e-8", "trp_seconds": "1e-8",
    "refresh_seconds": "0.064", "temperature_celsius": "45", "pattern": "0xff", "bank": "0",
    "row_first": "0", "row_last": "511", "bitline": "7", "cells": "512", "reads": "4",
    "failures_1to0": "12", "failures_0to1": "0", "source": "made up", "unit": "", "bit_address": "",
}  # fmt: skip
# Made-up rows of the public forms: header fields that a row fills otherwise than with PLAIN.
PLAIN = "1"
FIELDS = {
    "tRCD": "7.5", "tRP": "12.5", "tRAS": "35", "Temperature": "20", "Label": "y1", "vdd": "1.1",
    "Pattern": "00000000", "VendorMask": "C", "vendor": "A", "temperature(C)": "20", "Temp": "90",
    "refresh_interval(ms)": "128", "row_hi": "306", "prob": "0.25", "total_dimm_bit_err_count": "8",
}  # fmt: skip
WORDS = [b"", b"nan", b"-1", b"1e400", b'"', b'""', b",", b"\r\n", b"\n", b"\x00", b"\xff", b"0x"]


def texts() -> list[bytes]:
    """A small good file of the profile, and of each public form the header and made-up rows."""
    rows = [GOOD, GOOD | {"bank": "1"}, GOOD | {"bank": "2", "pattern": "0x0", "failures_1to0": ""}]
    found = [[",".join(NAMES), *(",".join(row.get(name, "") for name in NAMES) for row in rows)]]
    for form in FORMS:
        fields = FIELDS | ({"Pattern": "0xff"} if "tRAS" in form.header else {})
        changes = ({}, {"vdd": "1.15", "Temp": "80"})  # a row repeated is refused
        rows = [[(fields | c).get(name, PLAIN) for name in form.header] for c in changes]
        found.append([",".join(form.header), *map(",".join, rows)])
    return ["\n".join([*lines, ""]).encode() for lines in found]


def parquet(folder: Path) -> bytes:
    """The good profile as Parquet."""
    (folder / "good.csv").write_bytes(texts()[0])
    return profiles.read(folder / "good.csv").write(folder / "good.parquet").read_bytes()


def damaged(text: bytes, random_: random.Random) -> bytes:
    """The text with one to three places changed, seldom in its first line."""
    begin = text.find(b"\n") + 1 if random_.random() < 0.8 else 0
    for _ in range(random_.randint(1, 3)):
        at = random_.randrange(min(begin, len(text)), len(text) + 1)
        length = random_.choice((0, 0, 1, 1, 2, 8, 60))
        kind = random_.randrange(4)
        put = random_.randbytes(random_.choice((1, 1, 2, 8)))
        if kind == 1:
            put = random_.choice(WORDS)
        elif kind == 2:
            put = text[at : at + random_.randrange(80)]
        elif kind == 3:
            put = bytes(random_.choices(b"0123456789.-e,", k=random_.randint(1, 2)))
        text = text[:at] + put + text[at + length :]
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=("profile", "studies", "parquet"))
    args = parser.parse_args()
    random_, known = random.Random(args.seed), texts()
    known = {"profile": known[:1], "studies": known[1:]}.get(args.only, known)
    share = {None: 0.1, "parquet": 1.0}.get(args.only, 0.0)  # of files that are Parquet
    read, memory = 0, []
    with tempfile.TemporaryDirectory() as folder:
        columns = parquet(Path(folder))
        for run in range(args.runs):
            packed = random_.random() < 0.2
            path = Path(folder) / ("p.csv.gz" if packed else "p.csv")
            if random_.random() < share:
                data, path = damaged(columns, random_), Path(folder) / "p.parquet"
            else:
                data = damaged(random_.choice(known), random_)
            if packed and path.suffix == ".gz":
                data = gzip.compress(data, 1)
                data = damaged(data, random_) if random_.random() < 0.5 else data
            path.write_bytes(data)
            try:
                profiles.read(path)
                read += 1
            except ValueError as error:
                if len(str(error).splitlines()) != 1 or str(path) not in str(error):
                    raise SystemExit(f"run {run}: {error}\n{data!r}") from error
            except BaseException:
                print(f"run {run}: {data!r}", flush=True)
                raise
            if (run + 1) % max(1, args.runs // 10) == 0:
                memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
                print(
                    f"{run + 1} files, {read} read, the rest refused; {memory[-1]} MiB", flush=True
                )
    if len(memory) > 4 and memory[-1] > 1.2 * memory[2]:
        raise SystemExit(f"memory grew: {memory} MiB")


if __name__ == "__main__":
    main()
