# SPDX-License-Identifier: Apache-2.0
# The version is project(VERSION) in CMakeLists.txt. Two files that are used without a build repeat it; they must agree.
function(check_version file pattern)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${file})
  file(STRINGS ${PROJECT_SOURCE_DIR}/${file} line REGEX "${pattern}" LIMIT_COUNT 1)
  if(NOT line MATCHES "\"${PROJECT_VERSION}\"")
    message(FATAL_ERROR "${file}: version differs from CMakeLists.txt; expected \"${PROJECT_VERSION}\", found:${line}")
  endif()
endfunction()

check_version(producer/include/grapnel.h "^#define GRAPNEL_VERSION ")
check_version(api/openapi/openapi.json "^ *\"version\": ")
