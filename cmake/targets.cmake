# SPDX-FileCopyrightText: 2026 The Lynceus authors
# SPDX-License-Identifier: GPL-3.0-or-later
# How this project makes its targets: one flags target, one function for a room of core, one for a test.

add_library(lynceus_flags INTERFACE)
target_compile_features(lynceus_flags INTERFACE cxx_std_17)
# -fPIC for programs too, so that every target can share the precompiled header.
target_compile_options(lynceus_flags INTERFACE -fPIC -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual)
target_compile_definitions(
  lynceus_flags INTERFACE QT_NO_CAST_FROM_ASCII QT_NO_CAST_TO_ASCII QT_NO_FOREACH QT_NO_URL_CAST_FROM_STRING
                          QT_NO_NARROWING_CONVERSIONS_IN_CONNECT QT_DISABLE_DEPRECATED_BEFORE=0x060400)
target_include_directories(lynceus_flags INTERFACE ${PROJECT_SOURCE_DIR})
if(LYNCEUS_WERROR)
  target_compile_options(lynceus_flags INTERFACE -Werror)
endif()
if(LYNCEUS_SANITIZE)
  target_compile_options(lynceus_flags INTERFACE -fsanitize=${LYNCEUS_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(lynceus_flags INTERFACE -fsanitize=${LYNCEUS_SANITIZE})
endif()

if(LYNCEUS_TORCH)
  # Torch's headers and libraries, found as a system library so that its warnings stay its own. Without OpenMP its loops
  # that stand in headers (at::parallel_for) run on one thread.
  add_library(lynceus_torch INTERFACE)
  target_include_directories(lynceus_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
  target_link_libraries(lynceus_torch INTERFACE ${TORCH_LIBRARIES} OpenMP::OpenMP_CXX ${CMAKE_DL_LIBS})

  if(LYNCEUS_PCH)
    add_library(lynceus_torch_pch STATIC ${PROJECT_SOURCE_DIR}/cmake/torch_pch.cpp)
    target_link_libraries(lynceus_torch_pch PRIVATE lynceus_flags lynceus_torch Qt6::Core opencv_core)
    target_compile_definitions(lynceus_torch_pch PRIVATE QT_NO_KEYWORDS)
    target_precompile_headers(lynceus_torch_pch PRIVATE ${PROJECT_SOURCE_DIR}/core/nn/torch.h)
  endif()
endif()

# lynceus_room(NAME [TORCH] SOURCES ... [LINKS ...]): one folder of core is one static library. LINKS names the rooms below.
function(lynceus_room name)
  cmake_parse_arguments(ROOM "TORCH" "" "SOURCES;LINKS" ${ARGN})
  add_library(lynceus_${name} STATIC ${ROOM_SOURCES})
  set_target_properties(lynceus_${name} PROPERTIES AUTOMOC ON)
  target_compile_definitions(lynceus_${name} PRIVATE QT_NO_KEYWORDS)
  target_link_libraries(lynceus_${name} PUBLIC lynceus_flags Qt6::Core ${ROOM_LINKS})
  if(ROOM_TORCH)
    lynceus_use_torch(lynceus_${name})
  endif()
endfunction()

# Gives a target torch's headers and the shared precompiled header.
function(lynceus_use_torch target)
  target_compile_definitions(${target} PRIVATE QT_NO_KEYWORDS)
  target_link_libraries(${target} PUBLIC lynceus_torch)
  if(LYNCEUS_PCH)
    target_precompile_headers(${target} REUSE_FROM lynceus_torch_pch)
    # Automoc's own file has no use for it, and loading it takes seconds.
    set_source_files_properties(${CMAKE_CURRENT_BINARY_DIR}/${target}_autogen/mocs_compilation.cpp
                                PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  endif()
endfunction()

# lynceus_test(UNIT [TORCH] [LABELS ...] [LINKS ...] [SOURCES ...]): builds tests/tst_UNIT.cpp and registers it with ctest.
function(lynceus_test unit)
  cmake_parse_arguments(TEST "TORCH" "TIMEOUT" "LABELS;LINKS;SOURCES" ${ARGN})
  add_executable(tst_${unit} tst_${unit}.cpp ${TEST_SOURCES})
  set_target_properties(tst_${unit} PROPERTIES AUTOMOC ON)
  target_link_libraries(tst_${unit} PRIVATE lynceus_flags Qt6::Test ${TEST_LINKS})
  target_compile_definitions(tst_${unit} PRIVATE LYNCEUS_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  if(TEST_TORCH)
    lynceus_use_torch(tst_${unit})
  endif()
  add_test(NAME ${unit} COMMAND tst_${unit})
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 300)
  endif()
  set_tests_properties(${unit} PROPERTIES LABELS "${TEST_LABELS}" TIMEOUT ${TEST_TIMEOUT}
                       ENVIRONMENT "QT_QPA_PLATFORM=offscreen;LC_ALL=C.UTF-8;GOMP_SPINCOUNT=1000") # as prepareProcess() sets it
endfunction()
