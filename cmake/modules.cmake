# One library per folder of src/, linked to what its code may include and to nothing else: the
# arrows of docs/ARCHITECTURE.md are the link lines of src/CMakeLists.txt.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(FUSE3 REQUIRED IMPORTED_TARGET fuse3)
pkg_check_modules(EXPAT REQUIRED IMPORTED_TARGET expat)
pkg_check_modules(LIBXML2 REQUIRED IMPORTED_TARGET libxml-2.0)
pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(SQLITE3 REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(TOMLPLUSPLUS REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)

add_library(balancefs_flags INTERFACE)
target_include_directories(balancefs_flags INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(balancefs_flags INTERFACE
  ASIO_STANDALONE ASIO_SEPARATE_COMPILATION ASIO_NO_DEPRECATED ASIO_HAS_CO_AWAIT=1
  BALANCEFS_VERSION="${PROJECT_VERSION}")
target_compile_options(balancefs_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False positives of GCC 12 in optimised coroutine frames and inlined std::string code.
  target_compile_options(balancefs_flags INTERFACE
    -fcoroutines -Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds
    -Wno-dangling-pointer -Wno-mismatched-new-delete)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # std::stable_sort of GCC 12's library calls what it declares deprecated itself.
  target_compile_options(balancefs_flags INTERFACE -Wno-deprecated-declarations)
endif()
if(BALANCEFS_WERROR)
  target_compile_options(balancefs_flags INTERFACE -Werror)
endif()
if(BALANCEFS_SANITIZE)
  target_compile_options(balancefs_flags INTERFACE
    -fsanitize=${BALANCEFS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(balancefs_flags INTERFACE -fsanitize=${BALANCEFS_SANITIZE})
endif()
if(BALANCEFS_SANITIZE STREQUAL "thread")
  # ThreadSanitizer does not follow bare fences, and GCC refuses them; Asio's locks order all that matters here.
  target_compile_definitions(balancefs_flags INTERFACE ASIO_DISABLE_FENCED_BLOCK)
endif()
find_package(fmt REQUIRED)
target_link_libraries(balancefs_flags INTERFACE Threads::Threads fmt::fmt)

# Asio and the standard library take most of a compile: every target shares this precompiled header.
add_library(balancefs_pch OBJECT ${PROJECT_SOURCE_DIR}/cmake/pch.cc)
target_link_libraries(balancefs_pch PUBLIC balancefs_flags)
target_precompile_headers(balancefs_pch PRIVATE ${PROJECT_SOURCE_DIR}/cmake/pch.h)

# balancefs_module(NAME DIR ... LINK ...): the library of one folder, all its .cc files.
function(balancefs_module name)
  cmake_parse_arguments(ARG "" "DIR" "LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_DIR}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  if(NOT sources)
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE balancefs_flags ${ARG_LINK})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC balancefs_flags ${ARG_LINK})
  target_precompile_headers(${name} REUSE_FROM balancefs_pch)
endfunction()
