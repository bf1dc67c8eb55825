# SPDX-FileCopyrightText: 2026 The Lynceus authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Every outside library is looked up here and nowhere else.

set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(LYNCEUS_CCACHE ccache)
if(LYNCEUS_CCACHE)
  # The second setting lets objects that use the precompiled header be cached.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_NOHASHDIR=1 ${LYNCEUS_CCACHE})
endif()

find_package(Threads REQUIRED)
find_package(Qt6 6.4 REQUIRED COMPONENTS Core Sql)
find_package(OpenCV 4.5 REQUIRED COMPONENTS core imgproc imgcodecs)
if(LYNCEUS_TORCH)
  find_package(Torch REQUIRED)
  find_package(OpenMP REQUIRED COMPONENTS CXX)
endif()
if(LYNCEUS_OPENVINO AND LYNCEUS_TORCH)
  # Where scripts/install-dependencies puts it, or OpenVINO_DIR.
  find_package(OpenVINO 2026 QUIET CONFIG COMPONENTS Runtime PATHS ${PROJECT_SOURCE_DIR}/.openvino/openvino/cmake)
  if(OpenVINO_FOUND)
    message(STATUS "Compiled engines: OpenVINO ${OpenVINO_VERSION} in ${OpenVINO_DIR}")
  else()
    message(STATUS "Compiled engines: none. OpenVINO was not found; scripts/install-dependencies fetches it, or set OpenVINO_DIR.")
  endif()
else()
  set(OpenVINO_FOUND OFF)
endif()
if(LYNCEUS_UI AND LYNCEUS_TORCH)
  find_package(Qt6 6.4 REQUIRED COMPONENTS Gui Widgets Svg PrintSupport) # QCustomPlot's package needs PrintSupport
  find_package(QCustomPlotQt6 REQUIRED)
endif()
if(LYNCEUS_TESTS)
  find_package(Qt6 6.4 REQUIRED COMPONENTS Test)
endif()
