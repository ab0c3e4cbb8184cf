# SPDX-License-Identifier: Apache-2.0
import model
import pytest
import small

pytest_plugins = ["skips"]


@pytest.fixture
def world():
    redis = model.Redis({})
    yield small.World(redis)
    redis.close()
