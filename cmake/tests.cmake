# cor_test(ROOM NAME [RANKS 1 2 ...] [TIMEOUT s] [LIBRARIES ...]): the cmocka
# program tests/ROOM/test_NAME.c as one CTest a rank count.
find_package(cmocka REQUIRED CONFIG)

set(COR_RANKS 1 2 3 4 7)
# More ranks than cores must be allowed, must not spin, and may be root's.
set(COR_TEST_ENVIRONMENT
    OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
    OMPI_MCA_mpi_yield_when_idle=1 OMP_NUM_THREADS=1
    OMP_WAIT_POLICY=passive
    "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/lsan.supp:print_suppressions=0"
    "ASAN_OPTIONS=detect_leaks=1:fast_unwind_on_malloc=0:allocator_may_return_null=1"
    "UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1")

function(cor_test room name)
  cmake_parse_arguments(arg "" "TIMEOUT" "RANKS;LIBRARIES" ${ARGN})
  if(NOT arg_RANKS)
    set(arg_RANKS ${COR_RANKS})
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  set(target test_${room}_${name})
  add_executable(${target} ${PROJECT_SOURCE_DIR}/tests/${room}/test_${name}.c)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${target} PRIVATE cor_flags coracle cmocka ${arg_LIBRARIES})
  foreach(ranks IN LISTS arg_RANKS)
    add_test(NAME ${room}.${name}.${ranks}
             COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks}
                     $<TARGET_FILE:${target}>)
    set_tests_properties(${room}.${name}.${ranks} PROPERTIES
      TIMEOUT ${arg_TIMEOUT} PROCESSORS 2 LABELS ${room}
      ENVIRONMENT "${COR_TEST_ENVIRONMENT}")
  endforeach()
endfunction()
