# SPDX-License-Identifier: Apache-2.0
import model
import pytest
import small
from skips import pytest_runtest_logreport, pytest_sessionfinish  # noqa: F401


@pytest.fixture
def world():
    redis = model.Redis({})
    yield small.World(redis)
    redis.close()
