# SPDX-License-Identifier: Apache-2.0
# The packages that Grapnel stands on, all from Debian (hiredis: 1.0 or newer, see ./dev).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis>=1.0 hiredis_ssl>=1.0)
pkg_check_modules(LIBUV REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl>=7.85)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET openssl>=3.0)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd)
pkg_check_modules(RHONABWY REQUIRED IMPORTED_TARGET librhonabwy)
# Debian 13 calls the C package msgpack-c, Debian 12 msgpack; the headers are the same.
pkg_check_modules(MSGPACK QUIET IMPORTED_TARGET msgpack-c)
if(NOT MSGPACK_FOUND)
  pkg_check_modules(MSGPACK REQUIRED IMPORTED_TARGET msgpack)
endif()
# Debian 13's msgpack-c.pc says that the headers are in "include", relative to nothing.
find_path(MSGPACK_HEADERS msgpack.h REQUIRED)
set_target_properties(PkgConfig::MSGPACK PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${MSGPACK_HEADERS})
find_path(UTHASH_INCLUDE_DIR uthash.h REQUIRED)
