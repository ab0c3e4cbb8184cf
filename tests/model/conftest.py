import model
import pytest
import small


@pytest.fixture
def world():
    redis = model.Redis({})
    yield small.World(redis)
    redis.close()
