"""Protections: reads of protected tensors against the reference, and what they leave of errors."""

from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from law import ELEMENTS, any_bits, bits_of, by_reference, same_bits
from scipy.stats import binomtest

from eden import errors, reference
from eden.access import Protection, formats, ops, rng
from eden.access._code_weights import wrong_patterns

pytestmark = pytest.mark.usefixtures("device")
quick = settings(max_examples=100)
FLOATS = [torch.float32, torch.float16, torch.bfloat16]
EVERY = ["triple", "secded", "embedded", "embedded=2", "strong_bits=1", "strong_bits=3"]
ERRORS = [
    errors.Uniform(0.02),
    errors.Uniform(0.3, 0.5),
    errors.DataDependent(0.05, 1.0, 0.2),
    errors.Bitline([0.0, 0.1, 0.001, 0.02] * 128, 0.5),
    errors.Wordline([0.0, 0.1, 0.001, 0.02] * 200),
]
STRONG, NONE = errors.Uniform(0.004), errors.Uniform(0.0)


def places_of(how, error, seed, address=0, strong=STRONG):
    """Places with keys of their own, and addresses too."""
    many = len(Protection.parse(how).rooms(1, 8))
    other = strong if how.startswith("strong") else error
    return [
        (rng.key(seed + i), other if i else error, 4 * address + 72 * i, 64) for i in range(many)
    ]


def read(
    x, how, places, *, stored, scale=None, bounds=None, correction="off", counts=None, **copies
):
    how, fmt = Protection.parse(how), formats.get(stored)
    coding = ops.Coding(fmt.code, scale, bounds, formats.CORRECTIONS[correction])
    device = x.device
    made = [ops.PartExtent(key, e.lower().to(device), *at) for key, e, *at in places]
    counts = torch.zeros(2, dtype=torch.int64) if counts is None else counts
    extent = ops.Extent(**copies)
    made = ops.ProtectedRead(how.kind, how.bits, counts, coding, extent, made)
    return ops.read_protected(x, made)


def expected(x, how, places, *, stored, scale, bounds, correction, copies, first_copy):
    """The same by the reference, and how many words the code corrected and detected."""
    how, element = Protection.parse(how), ELEMENTS[x.dtype][0]
    step = None if scale is None else scale.cpu().numpy()
    embedded, planes = how.bits * (how.kind == "embedded"), how.kind == "strong_bits"
    image = reference.encode_image(bits_of(x), element, stored, step, copies, embedded, planes)

    def fail(data, place):
        key, error, address, row_bytes = place
        bits, _ = by_reference(
            torch.from_numpy(np.ascontiguousarray(data)), error, key=key, copies=copies,
            first_copy=first_copy, address=address, row_bytes=row_bytes,
        )  # fmt: skip
        return bits.reshape(data.shape)

    counts = np.zeros(2, dtype=int)
    if how.kind == "triple":
        a, b, c = (fail(image, place) for place in places)
        image = a & b | a & c | b & c
    elif how.kind == "secded":
        check = fail(reference.secded_check(image), places[1])
        image, counts = reference.secded_correct(fail(image, places[0]), check)
    elif planes:
        weak = image.shape[1] - how.bits * -(-(x.numel() // copies) // 8)
        image = np.hstack([fail(image[:, :weak], places[0]), fail(image[:, weak:], places[1])])
    else:
        image = fail(image, places[0])
    limits = (0, 0) if bounds is None else tuple(bounds.tolist())
    if embedded and bounds is not None:
        limits = reference.embedded_bounds(limits, stored, step, how.bits)
    value, wrong = reference.decode_image(
        image, x.shape, element, stored, step, limits, correction, embedded, planes
    )
    return value.astype(ELEMENTS[x.dtype][1]), wrong, counts


@quick
@given(
    st.sampled_from(EVERY),
    st.sampled_from(list(formats.FORMATS)),
    st.sampled_from(FLOATS),
    st.sampled_from(ERRORS),
    st.sampled_from(["off", "zero", "saturate"]),
    st.tuples(st.integers(1, 3), st.integers(0, 60), st.sampled_from([1, 3]), st.booleans()),
    st.integers(0, 2**62),
)
def test_a_protected_read_is_that_of_the_reference(
    how, stored, dtype, error, correction, size, seed
):
    copies, elements, channels, plain = size
    if how == "embedded=2" and stored == "int4":
        how = "embedded"
    x = any_bits(copies * elements * channels, dtype, seed % 1000)
    if plain:
        x = torch.linspace(-1.2, 1.2, x.numel()).to(dtype)
    scale = None
    if formats.get(stored).integer:
        scale = torch.linspace(0.01, 0.3, channels if elements else 1)
    coding = {
        "stored": stored, "scale": scale, "correction": correction,
        "bounds": None if correction == "off" else torch.tensor([-1.0, 0.8]),
    }  # fmt: skip
    places, counts = places_of(how, error, seed, elements), torch.tensor([3, 5])
    batch = {"copies": copies, "first_copy": 7}
    y = read(x.clone().requires_grad_(), how, places, counts=counts, **coding, **batch)
    value, wrong, words = expected(x, how, places, **coding, **batch)
    assert np.array_equal(bits_of(y), value)
    assert np.array_equal(counts.cpu().numpy() - [3, 5], words)
    if y.numel():
        x = x.clone().requires_grad_()
        read(x, how, places, **coding, **batch).backward(torch.ones_like(x))
        assert np.array_equal(x.grad.float().cpu().numpy(), 1.0 - wrong)


@pytest.mark.parametrize("stored", list(formats.FORMATS))
@pytest.mark.parametrize("how", EVERY)
def test_without_errors_nothing_within_its_range_is_corrected(how, stored):
    if how == "embedded=2" and stored == "int4":
        return
    x = torch.randn(3000)
    for dtype in FLOATS:
        z = x.to(dtype).clone()
        bounds, scale = ops.weight_range(z, stored)
        coding = {"stored": stored, "scale": scale, "bounds": bounds, "correction": "zero"}
        z.requires_grad_()
        y = read(z, how, places_of(how, NONE, 1, strong=NONE), **coding)
        y.sum().backward()
        assert torch.equal(z.grad, torch.ones_like(z))
        if not how.startswith("embedded"):
            plain = ops.inject(z.detach(), NONE, key=rng.key(0), stored=stored, scale=scale)
            assert same_bits(y.detach(), plain)


def rate_of(how, stored, bit, p, seed):
    """How often a logical bit reads wrong at a rate of cells, measured: wrong ones of all."""
    fmt = formats.get(stored)
    n = 2**17
    scale = torch.tensor(1.0) if fmt.integer else None
    x = any_bits(n, fmt.dtype or torch.float32, seed)
    if fmt.integer:
        top = 2 ** (fmt.bits - 1) - 1
        x = torch.from_numpy(np.random.default_rng(seed).integers(-top, top + 1, n)).float()
    elif fmt.name == "fp32":
        x = torch.randn(n)
    places = places_of(how, errors.Uniform(p), seed)
    clean = places_of(how, NONE, seed, strong=NONE)
    y, z = (read(x, how, at, stored=stored, scale=scale) for at in (places, clean))
    code = torch.ops.eden.encode_image.default
    if fmt.integer:  # a faulty code may be the one below the symmetric range
        y, z = y.to(torch.int32), z.to(torch.int32)
        return int((((y ^ z) >> bit) & 1).sum()), n
    a, b = (code(v, scale, fmt.code, 1, 0, True).view(fmt.bits, -1)[bit] for v in (y, z))
    return int(np.unpackbits((a ^ b).cpu().numpy()).sum()), n


@pytest.mark.parametrize("p", [0.003, 0.05])
@pytest.mark.parametrize(
    "stored, bit", [("int8", 7), ("int8", 5), ("int8", 1), ("fp32", 30), ("fp32", 4), ("int4", 3)]
)
@pytest.mark.parametrize("how", [e for e in EVERY if e != "embedded=2"])
def test_measured_rates_are_those_computed(how, stored, bit, p):
    wrong, n = rate_of(how, stored, bit, p, 5)
    strong = STRONG.ber if how.startswith("strong") else None
    chance = float(Protection.parse(how).error_probability(p, bit, stored, strong=strong))
    interval = binomtest(wrong, n).proportion_ci(0.9999)
    assert interval.low <= chance <= interval.high


def test_what_the_code_leaves_counts_every_error():
    secded = Protection.parse("secded")
    rates = np.array([0.0, 1e-9, 1e-6, 1e-4, 0.5, 1.0])
    left = secded.error_probability(rates, 3, "int8")
    assert left[0] == 0.0
    # A bit is wrong if it and any of 71 others failed, whatever the third does: no cancellation.
    assert np.allclose(left[1:3] / (71 * rates[1:3] ** 2), 1, rtol=1e-2)
    assert np.isclose(left[4], 0.5)
    # All 72 wrong: 27 ones a row, so the syndrome is 255, no column: all data bits stay wrong.
    assert np.isclose(left[5], 1.0)
    assert secded.error_probability(rates.reshape(2, 3), 0, "int4").shape == (2, 3)


def test_enumeration_agrees_for_few_errors():
    """All patterns of two and three errors of a word, decoded one by one."""
    columns = [*reference.HSIAO_COLUMNS, *(1 << i for i in range(8))]
    counted = np.zeros((64, 4), dtype=int)
    for many in (1, 2, 3):
        for bits in combinations(range(72), many):
            syndrome = 0
            for bit in bits:
                syndrome ^= columns[bit]
            wrong = set(bits)
            if syndrome in columns:
                wrong ^= {columns.index(syndrome)}
            for bit in wrong:
                if bit < 64:
                    counted[bit, many] += 1
    assert np.array_equal(counted, wrong_patterns()[:, :4].astype(int))
    assert (wrong_patterns().sum(axis=1) == 2**71).all()


@pytest.mark.parametrize(
    "text", ["none", *EVERY[:2], "embedded=1", "strong_bits=2", "strong_bits=2@1e-09", "reliable"]
)
def test_a_protection_is_written_as_it_is_read(text):
    assert str(Protection.parse(text)) == text
    assert Protection.parse(Protection.parse(text)) == Protection.parse(text)


@pytest.mark.parametrize(
    "text, words",
    [
        ("tripled", "protection is 'tripled', accepted: none, triple"),
        ("triple=2", "protection is 'triple=2', accepted"),
        ("strong_bits", "protection is 'strong_bits', accepted: .* strong_bits=K, "),
        ("strong_bits=0", "strong_bits is 0, accepted: 1 to 3 top bits"),
        ("strong_bits=4", "strong_bits is 4, accepted: 1 to 3 top bits"),
        ("strong_bits=2@2", "BER of strong bits is 2.0, accepted"),
        ("strong_bits=2@", "accepted"),
        ("strong_bits=x", "accepted"),
        ("embedded=0", "embedded is 0, accepted: 1 or more"),
        ("embedded=1@0.1", "accepted"),
        ("", "protection is '', accepted"),
    ],
)
def test_what_is_no_protection_is_named(text, words):
    with pytest.raises(ValueError, match=words):
        Protection.parse(text)
    with pytest.raises(TypeError, match="protection is 3"):
        Protection.parse(3)


def test_a_format_has_room_for_so_many_copies():
    Protection.parse("embedded=2").check("fc.weight", "int8")
    with pytest.raises(ValueError, match="is 'embedded=2', accepted: embedded=1 to 1 in int4"):
        Protection.parse("embedded=2").check("fc.weight", "int4")


def test_rooms():
    def sizes(how, elements, bits):
        return [
            (room.size_bytes, room.strong) for room in Protection.parse(how).rooms(elements, bits)
        ]

    assert sizes("none", 11, 4) == sizes("embedded", 11, 4) == [(6, False)]
    assert sizes("triple", 11, 4) == [(6, False)] * 3
    assert sizes("secded", 11, 16) == [(22, False), (3, False)]
    assert sizes("strong_bits=3", 11, 8) == [(10, False), (6, True)]
    assert Protection.parse("triple").extra_bytes(10) == 20
    assert Protection.parse("secded").extra_bytes(10) == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("triple", 3), "bits of triple is 3, accepted: 0"),
        (("none", 0, 1e-3), "BER of none is 0.001, accepted: 0"),
        (("embedded", 1, 1e-3), "BER of embedded"),
        (("strong_bits", 4), "strong_bits is 4"),
        (("embedded", 0), "embedded is 0"),
    ],
)
def test_what_no_text_says_is_refused(given, said):
    with pytest.raises(ValueError, match=said):
        Protection(*given)


def test_bits_are_whole():
    with pytest.raises(TypeError, match="bits of embedded"):
        Protection("embedded", 1.5)
