# SPDX-License-Identifier: Apache-2.0
from skips import pytest_runtest_logreport, pytest_sessionfinish  # noqa: F401
