"""The bytes of a tensor in DRAM and the code of words: the ops against the reference."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from law import ELEMENTS, any_bits, bits_of, same_bits, tensor_of

from eden import errors, reference
from eden.access import formats, ops, rng

pytestmark = pytest.mark.usefixtures("device")
op = torch.ops.eden
FLOATS = [torch.float32, torch.float16, torch.bfloat16]
MOST_EMBEDDED = {"fp32": 8, "fp16": 4, "bf16": 3, "int16": 2, "int8": 2, "int4": 1}
quick = settings(max_examples=120)


@st.composite
def codings(draw):
    """A tensor of any bits, and how it lies in DRAM."""
    stored = draw(st.sampled_from(list(formats.FORMATS)))
    copies, channels = draw(st.integers(1, 4)), draw(st.sampled_from([1, 1, 3]))
    elements = channels * draw(st.integers(0, 200))
    x = any_bits(copies * elements, draw(st.sampled_from(FLOATS)), draw(st.integers(0, 2**32)))
    if draw(st.booleans()):  # values that the bounds know
        x = torch.linspace(-1.2, 1.2, x.numel()).to(x.dtype)
    scale = None
    if formats.get(stored).integer:
        channels = channels if elements else 1
        scale = torch.tensor(
            draw(st.lists(st.floats(2**-20, 2.0, width=32), min_size=channels, max_size=channels))
        )
    correction = draw(st.sampled_from(["off", "zero", "saturate"]))
    bounds = None if correction == "off" else torch.tensor([-1.0, draw(st.floats(0, 2, width=32))])
    return x, stored, scale, copies, bounds, correction


def by_reference(x, stored, scale, copies, **options):
    step = None if scale is None else scale.cpu().numpy()
    return reference.encode_image(bits_of(x), ELEMENTS[x.dtype][0], stored, step, copies, **options)


@quick
@given(codings(), st.integers(0, 8), st.booleans(), st.data())
def test_images_are_those_of_the_reference(coding, embedded, planes, data):
    x, stored, scale, copies, bounds, correction = coding
    embedded = min(embedded, MOST_EMBEDDED[stored])
    code = formats.get(stored).code
    image = op.encode_image(x, scale, code, copies, embedded, planes)
    expected = by_reference(x, stored, scale, copies, embedded=embedded, planes=planes)
    assert np.array_equal(image.cpu().numpy(), expected)

    seed = data.draw(st.integers(0, 2**32))
    wrong = image ^ any_bits(image.numel(), torch.uint8, seed).view_as(image)
    number = formats.CORRECTIONS[correction]
    y, marks = op.decode_image(
        x, wrong, scale, bounds, code, number, copies, embedded, planes, True
    )
    value, corrected = reference.decode_image(
        wrong.cpu().numpy(), x.shape, ELEMENTS[x.dtype][0], stored,
        None if scale is None else scale.cpu().numpy(),
        (0, 0) if bounds is None else tuple(bounds.tolist()), correction, embedded, planes,
    )  # fmt: skip
    assert same_bits(y, tensor_of(value.astype(ELEMENTS[x.dtype][1]), x.dtype))
    assert np.array_equal(
        marks.cpu().numpy(), np.packbits(corrected.reshape(-1), bitorder="little")
    )


@pytest.mark.parametrize("stored", list(formats.FORMATS))
@pytest.mark.parametrize(("copies", "channels"), [(1, 1), (1, 3), (3, 1), (3, 3)])
@pytest.mark.parametrize(("embedded", "planes"), [(0, False), (1, False), (0, True), (1, True)])
def test_blocks_and_threads_share_long_images(stored, copies, channels, embedded, planes):
    # Codes are decoded 1,024 at a time, and threads take 32,768 elements or more.
    fmt, laid = formats.get(stored), {"embedded": embedded, "planes": planes}
    x = torch.linspace(-1.2, 1.2, copies * 3 * 8_336)
    scale = torch.linspace(0.01, 0.02, channels) if fmt.integer else None
    bounds, number = torch.tensor([-1.0, 0.9]), formats.CORRECTIONS["saturate"]
    image = op.encode_image(x, scale, fmt.code, copies, embedded, planes)
    assert np.array_equal(image.cpu().numpy(), by_reference(x, stored, scale, copies, **laid))
    wrong = image ^ any_bits(image.numel(), torch.uint8, 5).view_as(image)
    read = (wrong, scale, bounds, fmt.code, number, copies, embedded, planes)
    y, marks = op.decode_image(x, *read, True)
    steps = None if scale is None else scale.cpu().numpy()
    value, corrected = reference.decode_image(
        wrong.cpu().numpy(), x.shape, "fp32", stored, steps, tuple(bounds.tolist()), "saturate",
        **laid,
    )  # fmt: skip
    assert same_bits(y, tensor_of(value.astype(np.uint32), x.dtype))
    packed = np.packbits(corrected.reshape(-1), bitorder="little")
    assert np.array_equal(marks.cpu().numpy(), packed)
    # What the input holds makes no difference.
    other, _ = op.decode_image(-x, *read, False)
    assert same_bits(y, other)


ERRORS = [
    errors.Uniform(0.0),
    errors.Uniform(0.02),
    errors.Uniform(0.3, 0.5),
    errors.DataDependent(0.05, 1.0, 0.2),
    errors.Bitline([0.0, 0.1, 0.001, 0.02] * 128, 0.5),
    errors.Wordline([0.0, 0.1, 0.001, 0.02] * 50),
]


@quick
@given(codings(), st.sampled_from(ERRORS), st.integers(0, 2**62), st.integers(0, 50))
def test_an_image_read_as_bytes_is_the_tensor_read(coding, error, seed, address):
    x, stored, scale, copies, bounds, correction = coding
    fmt, key = formats.get(stored), rng.key(seed)
    place = {"key": key, "copies": copies, "address": 4 * address, "row_bytes": 64, "first_copy": 3}
    y = ops.inject(
        x, error, stored=stored, scale=scale, bounds=bounds, correction=correction, **place
    )
    image = op.encode_image(x, scale, fmt.code, copies, 0, False)
    image = ops.inject(image, error, **place)
    number = formats.CORRECTIONS[correction]
    z, _ = op.decode_image(x, image, scale, bounds, fmt.code, number, copies, 0, False, False)
    assert same_bits(y, z)


@pytest.mark.parametrize("stored", list(formats.FORMATS))
def test_copies_within_an_element_outvote_an_error_of_a_top_bit(stored):
    fmt, x = formats.get(stored), torch.randn(64)
    scale = torch.tensor(0.02) if fmt.integer else None
    for k in range(1, MOST_EMBEDDED[stored] + 1):
        image = op.encode_image(x, scale, fmt.code, 1, k, True)
        planes = image.view(fmt.bits, -1)
        clean, _ = op.decode_image(x, image, scale, None, fmt.code, 0, 1, k, True, False)
        low = fmt.bits - k - (not fmt.integer)
        for bit in range(k):
            assert torch.equal(planes[low + bit], planes[bit])
            assert torch.equal(planes[low + bit], planes[k + bit])
        for plane in range(fmt.bits):
            wrong = planes.clone()
            wrong[plane] ^= 255
            y, _ = op.decode_image(
                x, wrong.view_as(image), scale, None, fmt.code, 0, 1, k, True, False
            )
            assert torch.equal(y, clean) == (plane < 2 * k or low <= plane < low + k)


def test_columns_are_distinct_odd_few_and_balanced():
    columns = list(reference.HSIAO_COLUMNS) + [1 << i for i in range(8)]
    weights = [c.bit_count() for c in columns]
    assert len(set(columns)) == 72
    assert all(w % 2 for w in weights)
    # Nothing lighter is left: all 8 of weight 1, all 56 of weight 3, and 8 of weight 5.
    assert sorted(weights) == [1] * 8 + [3] * 56 + [5] * 8
    assert [sum(c >> i & 1 for c in columns) for i in range(8)] == [27] * 8


def words_with(errors_of_a_word):
    """A random word for each set of wrong bits among its 72: meant, read, check bytes read."""
    n = len(errors_of_a_word)
    meant = any_bits(8 * n, torch.uint8, 1).view(n, 8)
    image, check = meant.clone(), op.secded_check(meant)
    for word, bits in enumerate(errors_of_a_word):
        for bit in bits:
            if bit < 64:
                image[word, bit // 8] ^= 1 << bit % 8
            else:
                check[word, 0] ^= 1 << bit - 64
    return meant, image, check


def test_every_error_of_one_bit_is_corrected():
    meant, image, check = words_with([(bit,) for bit in range(72)])
    counts = torch.zeros(2, dtype=torch.int64)
    assert torch.equal(op.secded_correct(image, check, counts), meant)
    assert counts.tolist() == [72, 0]


def test_every_error_of_two_bits_is_detected_and_left():
    pairs = list(itertools.combinations(range(72), 2))
    _, image, check = words_with(pairs)
    counts = torch.zeros(2, dtype=torch.int64)
    assert torch.equal(op.secded_correct(image, check, counts), image)
    assert counts.tolist() == [0, len(pairs)]


@quick
@given(st.integers(1, 4), st.integers(0, 100), st.integers(0, 2**32), st.floats(0, 0.2))
def test_words_are_those_of_the_reference(copies, size, seed, rate):
    image = any_bits(copies * size, torch.uint8, seed).view(copies, size)
    check = op.secded_check(image)
    assert np.array_equal(check.cpu().numpy(), reference.secded_check(image.cpu().numpy()))
    error = errors.Uniform(rate)
    read, of_check = (
        ops.inject(v, error, key=rng.key(seed + i)) for i, v in enumerate((image, check))
    )
    counts = torch.tensor([5, 7])
    got = op.secded_correct(read, of_check, counts)
    expected, number = reference.secded_correct(read.cpu().numpy(), of_check.cpu().numpy())
    assert np.array_equal(got.cpu().numpy(), expected)
    assert np.array_equal(counts.cpu().numpy() - [5, 7], number)


@pytest.mark.parametrize("stored, scale", [("fp32", None), ("int8", 0.01), ("int4", 0.1)])
@pytest.mark.parametrize("embedded, planes", [(0, False), (1, False), (0, True)])
def test_opcheck(stored, scale, embedded, planes):
    x, code = torch.linspace(-1, 1, 54).view(2, 27), formats.get(stored).code
    scale = None if scale is None else torch.tensor(scale)
    torch.library.opcheck(op.encode_image.default, (x, scale, code, 2, embedded, planes))
    image = op.encode_image(x, scale, code, 2, embedded, planes)
    bounds = torch.tensor([-0.5, 0.5])
    for mark in (False, True):
        rest = (x, image, scale, bounds, code, 1, 2, embedded, planes, mark)
        torch.library.opcheck(op.decode_image.default, rest)
    torch.library.opcheck(op.secded_check.default, (image,))
    counts = torch.zeros(2, dtype=torch.int64)
    rest = (image, op.secded_check(image), counts)
    torch.library.opcheck(op.secded_correct.default, rest)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            (torch.zeros(3, dtype=torch.int8), None, 4, 1, 0, False),
            "dtype of x is int8, accepted: float32, float16, bfloat16$",
        ),
        (
            (torch.zeros(3), None, 4, 1, 0, False),
            "scale is missing, accepted: one, as an integer format",
        ),
        (
            (torch.zeros(3), None, 0, 2, 0, False),
            "copies is 2, accepted: at least 1 and a divisor of the 3 elements",
        ),
        ((torch.zeros(3), None, 9, 1, 0, False), "stored is 9, accepted: 0 to 5"),
        ((torch.zeros(3), None, 2, 1, 4, False), "embedded is 4, accepted: 0 to 3"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(RuntimeError, match=message):
        op.encode_image(*arguments)


def test_refusals_of_sizes():
    x, image = torch.zeros(4), torch.zeros(1, 16, dtype=torch.uint8)
    with pytest.raises(RuntimeError, match="number of elements of image is 16, accepted: 8"):
        op.decode_image(x, image, None, None, 1, 0, 1, 0, False, False)
    counts = torch.zeros(2, dtype=torch.int64)
    with pytest.raises(RuntimeError, match="elements of check is 1, accepted: 2, one a word"):
        op.secded_correct(image, image[:, :1].contiguous(), counts)
    with pytest.raises(
        RuntimeError, match=r"shape of image is \[\d+\], accepted: \[copies, bytes\]"
    ):
        op.secded_check(image[0])
