# SPDX-License-Identifier: Apache-2.0
# embed_lua(TARGET name...): each common/moves/<name>.lua, with the shared parts it names in lines
# `--#include other.lua` pasted in, becomes `const char script_<name>_lua[]` in <build>/scripts_embedded.c.
function(embed_lua target)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/scripts_embedded.c)
  set(inputs ${CMAKE_CURRENT_SOURCE_DIR}/moves)
  file(GLOB parts CONFIGURE_DEPENDS ${inputs}/*.lua)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DDIR=${inputs} "-DNAMES=${ARGN}"
            -P ${PROJECT_SOURCE_DIR}/cmake/embed_script.cmake
    DEPENDS ${parts} ${PROJECT_SOURCE_DIR}/cmake/embed_script.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()

# embed_texts(TARGET array file...): the files' contents become `const char *const <array>[]`, NULL behind the last.
function(embed_texts target array)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${array}_embedded.c)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DARRAY=${array} "-DFILES=${ARGN}"
            -P ${PROJECT_SOURCE_DIR}/cmake/embed_texts.cmake
    DEPENDS ${ARGN} ${PROJECT_SOURCE_DIR}/cmake/embed_texts.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()
