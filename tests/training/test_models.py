from __future__ import annotations

import numpy as np
import pytest

from pipelines.core.errors import ModelBundleError
from training.config import Architecture
from training.models.generator import MARKS, MOST, USUAL
from training.models.layers import SpectralConv, depth_to_space, doubled, pad_edge, space_to_depth
from training.models.perceptual import load_vgg16
from training.models.style_gan import INFERENCE_PARTS, StyleGan

SMALL = Architecture(channels=52, trunk_channels=16, code_size=8, encoder_blocks=1, generator_blocks=1)
random = np.random.default_rng(2)
PICTURE = random.uniform(0, 1, (1, 48, 40, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def gan() -> StyleGan:
    return StyleGan(SMALL)


def test_space_to_depth_and_back_is_the_picture() -> None:
    folded = np.asarray(space_to_depth(PICTURE, 4))
    assert folded.shape == (1, 12, 10, 48)
    np.testing.assert_array_equal(folded[0, 0, 0].reshape(4, 4, 3), PICTURE[0, :4, :4])
    np.testing.assert_array_equal(np.asarray(depth_to_space(folded, 4)), PICTURE)


def test_padding_repeats_the_rim() -> None:
    padded = np.asarray(pad_edge(PICTURE))
    np.testing.assert_array_equal(padded[0, 0, 1:-1], PICTURE[0, 0])
    np.testing.assert_array_equal(padded[0, 1:-1, -1], PICTURE[0, :, -1])


def test_fresh_pair_is_an_autoencoder(gan: StyleGan) -> None:
    error = np.asarray(gan.generator.photo(gan.encoder(PICTURE))) - PICTURE
    assert np.sqrt((error**2).mean()) < 0.15


def test_no_marks_under_the_zero_code(gan: StyleGan) -> None:
    neutral = np.zeros((1, SMALL.code_size), np.float32)
    assert not np.asarray(gan.marks(PICTURE, neutral)).any()


def test_fresh_hand_begins_with_its_habits(gan: StyleGan) -> None:
    marks = np.asarray(gan.marks(PICTURE, np.ones((1, SMALL.code_size), np.float32)))
    assert marks.shape == (1, 48, 40, MARKS)
    np.testing.assert_allclose(marks.mean(axis=(0, 1, 2)), USUAL, atol=0.05)
    assert (marks > 0).all() and (marks < MOST).all()


def test_marks_are_smooth(gan: StyleGan) -> None:
    marks = np.asarray(gan.marks(PICTURE, np.ones((1, SMALL.code_size), np.float32)))[0]
    cells = marks.reshape(12, 4, 10, 4, MARKS)
    within = np.abs(np.diff(cells, axis=1)).max()
    between = np.abs(np.diff(cells.mean(axis=(1, 3)), axis=0)).max()
    assert within < between


def test_doubling_is_bilinear() -> None:
    ramp = np.arange(5, dtype=np.float32)[None, :, None, None] * np.ones((1, 5, 3, 1), np.float32)
    expected = np.clip(np.arange(10) / 2 - 0.25, 0, 4)
    np.testing.assert_allclose(np.asarray(doubled(ramp))[0, :, 2, 0], expected, atol=1e-6)


def test_fresh_networks_are_the_same_everywhere(gan: StyleGan) -> None:
    for path, array in StyleGan(SMALL).arrays().items():
        np.testing.assert_array_equal(array, gan.arrays()[path], err_msg=path)


def test_code_changes_the_marks(gan: StyleGan) -> None:
    codes = random.normal(size=(2, SMALL.code_size)).astype(np.float32)
    one, other = (np.asarray(gan.marks(PICTURE, code[None])) for code in codes)
    assert np.abs(one - other).mean() > 1e-4


def test_no_statistic_of_the_whole_picture_enters(gan: StyleGan) -> None:
    code = random.normal(size=(1, SMALL.code_size)).astype(np.float32)
    wide = random.uniform(0, 1, (1, 48, 200, 3)).astype(np.float32)
    changed = wide.copy()
    changed[:, :, 160:] = 0
    before, after = (np.asarray(gan.marks(p, code)) for p in (wide, changed))
    reach = 160 - SMALL.receptive_px
    assert reach > 40
    np.testing.assert_allclose(after[:, :, :reach], before[:, :, :reach], atol=2e-6)
    assert np.abs(after[:, :, 159] - before[:, :, 159]).max() > 1e-6


def test_spectral_norm_holds_the_largest_singular_value_at_one() -> None:
    layer = SpectralConv(12, 3, name="spectral")
    picture = random.normal(size=(1, 8, 8, 5)).astype(np.float32)
    for _ in range(40):
        layer(picture, training=True)
    matrix = np.asarray(layer.kernel).reshape(-1, 12)
    largest = np.linalg.svd(matrix, compute_uv=False)[0]
    impulse = np.zeros((1, 3, 3, 5), np.float32)
    impulse[0, 1, 1, 2] = 1
    response = np.asarray(layer(impulse))[0] - np.asarray(layer.bias)
    expected = np.asarray(layer.kernel)[::-1, ::-1, 2] / largest
    np.testing.assert_allclose(response, expected, rtol=0.02, atol=1e-3)


def test_weights_of_another_architecture_are_refused(gan: StyleGan) -> None:
    arrays = gan.arrays()
    name = next(path for path in arrays if path.endswith("kernel"))
    with pytest.raises(ModelBundleError, match=name):
        gan.load_arrays({**arrays, name: arrays[name][..., :-1]})
    with pytest.raises(ModelBundleError, match="received nothing"):
        StyleGan(SMALL, parts=INFERENCE_PARTS).load_arrays({}, "encoder")


def test_vgg_file_that_is_none(tmp_path: object) -> None:
    from pathlib import Path

    file = Path(str(tmp_path)) / "vgg.safetensors"
    file.write_bytes(b"not a tensor in sight")
    with pytest.raises(ModelBundleError, match="conv0/kernel"):
        load_vgg16(file)
