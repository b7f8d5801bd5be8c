"""Tiny data sets of images, in the forms that eden reads."""

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image


def jpeg(pixels):
    """An image of ``[h, w, 3]`` as JPEG, of good quality."""
    out = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(out, "JPEG", quality=95)
    return out.getvalue()


def plain(colour, size=(32, 32)):
    return np.full((*size, 3), colour, np.uint8)


def write_parquet(path, columns, classes=None):
    table = pa.table(columns)
    if classes is not None:
        table = table.replace_schema_metadata({"classes": json.dumps(classes)})
    pq.write_table(table, path)
    return path


def write_cifar_jpeg(folder, train=24, test=10):
    """Plain images whose brightness is their label."""
    for part, count in (("train", train), ("test", test)):
        labels = [n % 10 for n in range(count)]
        images = [jpeg(plain(20 * label)) for label in labels]
        columns = {"image": images, "label": pa.array(labels, pa.uint8())}
        write_parquet(folder / f"cifar10_jpeg_{part}.parquet", columns)
    return folder


def write_cifar_binary(folder):
    """Ten images a file; pixel and label are the image's number."""
    for name in (*(f"data_batch_{n}.bin" for n in range(1, 6)), "test_batch.bin"):
        records = np.zeros((10, 3073), np.uint8)
        records[:, 0] = np.arange(10)
        for channel in range(3):
            block = records[:, 1 + 1024 * channel : 1 + 1024 * (channel + 1)]
            block[:] = 20 * np.arange(10)[:, None] + channel
        (folder / name).write_bytes(records.tobytes())
    return folder
