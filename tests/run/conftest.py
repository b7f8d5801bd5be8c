"""Images for runs small enough for tests."""

import pytest
from _small import write_images


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return write_images(tmp_path_factory.mktemp("images"))


@pytest.fixture(autouse=True)
def use_images(images, monkeypatch):
    monkeypatch.setenv("EDEN_DATA", str(images))
