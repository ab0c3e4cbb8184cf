# SPDX-License-Identifier: Apache-2.0
"""What `cmake --install` puts into place: a library for others, shared and static, and nothing but grapnel_* in it."""

import os
import re
import shutil
import subprocess

import pytest
from redis_server import RedisServer

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("GRAPNEL_BUILD", os.path.join(ROOT, "build", "release"))
EXAMPLE = os.path.join(ROOT, "producer", "examples", "publish.c")
FUNCTIONS = {"grapnel_connect", "grapnel_publish", "grapnel_publish_batch", "grapnel_enqueue", "grapnel_on_flushed",
             "grapnel_flush", "grapnel_error", "grapnel_close"}


def run(*argv, env=None):
    done = subprocess.run([str(a) for a in argv], capture_output=True, timeout=120, check=False,
                          env={**os.environ, **(env or {})})
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    return done.stdout.decode()


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """The library and the command line, installed into a folder of their own."""
    with open(os.path.join(BUILD, "CMakeCache.txt"), encoding="utf-8") as file:
        if re.search(r"^GRAPNEL_SANITIZE:STRING=\w", file.read(), re.M):
            pytest.skip("a sanitizer's build is not what is installed")
    folder = tmp_path_factory.mktemp("prefix")
    for part in ("producer", "cli"):
        run("cmake", "--install", os.path.join(BUILD, part), "--prefix", folder)
    return folder


@pytest.fixture
def redis(tmp_path):
    server = RedisServer(str(tmp_path), fsync="no")
    server("HSET", "grapnel:meta", "format", "1", "partitions", "4")
    yield server
    server.end()


def library(prefix, name):
    [path] = prefix.glob(f"lib/**/{name}")
    return path


def flags(prefix, *args):
    """pkg-config's answer, with the folder that cmake was not told of in place of the configured one."""
    pc = library(prefix, "grapnel.pc")
    text = run("pkg-config", *args, "--cflags", "--libs", "grapnel", env={"PKG_CONFIG_PATH": str(pc.parent)})
    configured = re.search(r"^prefix=(.*)$", pc.read_text(), re.M).group(1)
    return [re.sub(rf"^(-[LI]){re.escape(configured)}/", rf"\g<1>{prefix}/", word) for word in text.split()]


def publish_works(program, redis, env=None):
    printed = run(program, redis.url, "123", "USER_CREATED", '{"name": "Ada"}', env=env)
    assert re.fullmatch(r"accepted as evt_2_\d+_\d+\n", printed)
    assert redis("XLEN", "grapnel:{2}:events") == 1


def include(prefix):
    return f"-I{prefix}/include"


def test_example_with_the_shared_library(prefix, redis, tmp_path):
    program = tmp_path / "publish"
    run("cc", EXAMPLE, "-o", program, include(prefix), f"-L{library(prefix, 'libgrapnel.so').parent}",
        *flags(prefix))
    publish_works(program, redis, {"LD_LIBRARY_PATH": str(library(prefix, "libgrapnel.so").parent)})
    assert re.search(r"NEEDED.*\[libgrapnel\.so\.0\]", run("readelf", "-d", program))


def test_example_with_the_static_library(prefix, redis, tmp_path):
    program = tmp_path / "publish"
    others = [word for word in flags(prefix, "--static") if word != "-lgrapnel"]
    run("cc", EXAMPLE, "-o", program, include(prefix), library(prefix, "libgrapnel.a"), *others)
    publish_works(program, redis)


def test_header_is_fit_for_cxx(prefix, tmp_path):
    if not shutil.which("c++"):
        pytest.skip("no C++ compiler")
    source = tmp_path / "a.cc"
    source.write_text('#include <grapnel.h>\nint main() { return grapnel_close(nullptr); }\n')
    run("c++", "-Wall", "-Wextra", "-Wpedantic", "-Werror", source, "-o", tmp_path / "a", include(prefix),
        f"-L{library(prefix, 'libgrapnel.so').parent}", *flags(prefix))


def test_nothing_else_is_exported(prefix):
    for args, path in ((["-D"], "libgrapnel.so"), ([], "libgrapnel.a")):
        symbols = run("nm", *args, "-g", "--defined-only", library(prefix, path))
        assert set(re.findall(r"^[0-9a-f]+ \w (\w+)$", symbols, re.M)) == FUNCTIONS


def test_shared_library_needs_no_more_than_it_uses(prefix):
    needed = run("readelf", "-d", library(prefix, "libgrapnel.so"))
    for name in ("libuv", "libcurl", "libmsgpack"):
        assert name not in needed


@pytest.mark.parametrize("path", ["bin/grapnel", "include/grapnel.h", "share/man/man1/grapnel.1",
                                  "share/bash-completion/completions/grapnel", "share/zsh/site-functions/_grapnel",
                                  "share/fish/vendor_completions.d/grapnel.fish"])
def test_it_is_in_its_place(prefix, path):
    assert (prefix / path).stat().st_size > 0
