# SPDX-License-Identifier: Apache-2.0
# grapnel::strict: the warnings that every target of ours is built with; errors unless switched off.
option(GRAPNEL_WERROR "Treat warnings as errors" ON)

add_library(grapnel_strict INTERFACE)
add_library(grapnel::strict ALIAS grapnel_strict)
target_compile_options(grapnel_strict INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
  -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wformat=2 -Wvla -Wimplicit-fallthrough
  -Wno-missing-field-initializers
  # uthash marks its fall-throughs with comments, which only gcc reads.
  $<$<C_COMPILER_ID:Clang>:-Wno-implicit-fallthrough>
  -fvisibility=hidden -fno-common
  $<$<BOOL:${GRAPNEL_WERROR}>:-Werror>
  $<$<CONFIG:Release>:-fstack-protector-strong>)
target_compile_definitions(grapnel_strict INTERFACE _GNU_SOURCE
  GRAPNEL_VERSION_TEXT="${PROJECT_VERSION}"
  $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
