# Each outside library becomes one target; rooms.cmake gives it to the one room
# that may use it.
set(HDF5_PREFER_PARALLEL TRUE) # must precede find_package(HDF5)
find_package(MPI REQUIRED COMPONENTS C)
find_package(HDF5 REQUIRED COMPONENTS C)
if(NOT HDF5_IS_PARALLEL)
  message(FATAL_ERROR "parallel HDF5 is needed (Debian: libhdf5-openmpi-dev)")
endif()
find_package(OpenMP REQUIRED COMPONENTS C)
find_package(PkgConfig REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(POPT REQUIRED IMPORTED_TARGET popt)
pkg_check_modules(SIMDJSON REQUIRED IMPORTED_TARGET simdjson)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(LIBMD REQUIRED IMPORTED_TARGET libmd)
find_path(XXHASH_INCLUDE xxhash.h REQUIRED)
find_path(RANDOM123_INCLUDE Random123/philox.h REQUIRED)

add_library(hdf5_parallel INTERFACE)
target_include_directories(hdf5_parallel SYSTEM INTERFACE ${HDF5_C_INCLUDE_DIRS})
target_link_libraries(hdf5_parallel INTERFACE ${HDF5_C_LIBRARIES})

# OpenBLAS comes in three variants with one SONAME. Only the executable's own
# RUNPATH decides which one runs: the OpenMP one shares libgomp's threads with
# ours, the others would start a second pool.
set(COR_BLAS openmp CACHE STRING "OpenBLAS variant: openmp, pthread, serial")
find_library(OPENBLAS_LIBRARY openblas
             HINTS /usr/lib/${CMAKE_C_LIBRARY_ARCHITECTURE}/openblas-${COR_BLAS}
             NO_DEFAULT_PATH)
find_path(OPENBLAS_INCLUDE cblas.h
          HINTS /usr/include/${CMAKE_C_LIBRARY_ARCHITECTURE}/openblas-${COR_BLAS}
          NO_DEFAULT_PATH)
find_library(OPENBLAS_LIBRARY openblas REQUIRED)
find_path(OPENBLAS_INCLUDE cblas.h PATH_SUFFIXES openblas REQUIRED)
find_path(LAPACK_INCLUDE lapack.h REQUIRED)
get_filename_component(OPENBLAS_DIR ${OPENBLAS_LIBRARY} DIRECTORY)
list(APPEND CMAKE_BUILD_RPATH ${OPENBLAS_DIR})
list(APPEND CMAKE_INSTALL_RPATH ${OPENBLAS_DIR})

add_library(openblas INTERFACE)
target_include_directories(openblas SYSTEM INTERFACE ${OPENBLAS_INCLUDE} ${LAPACK_INCLUDE})
target_link_libraries(openblas INTERFACE ${OPENBLAS_LIBRARY})
