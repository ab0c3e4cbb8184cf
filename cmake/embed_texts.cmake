# SPDX-License-Identifier: Apache-2.0
# Run by embed.cmake with OUT, ARRAY and FILES (a list). Writes C arrays, as string literals have a size limit.
set(text "/* Made by cmake/embed_texts.cmake. */\n#include <stddef.h>\n")
set(names "")
set(n 0)
foreach(file ${FILES})
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND text "static const char text_${n}[] = {${bytes}0}; /* ${file} */\n")
  string(APPEND names "text_${n}, ")
  math(EXPR n "${n} + 1")
endforeach()
string(APPEND text "extern const char *const ${ARRAY}[];\nconst char *const ${ARRAY}[] = {${names}NULL};\n")
file(WRITE ${OUT} "${text}")
