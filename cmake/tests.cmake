# cor_test(ROOM NAME [RANKS 1 2 ...] [TIMEOUT s] [LIBRARIES ...]): the cmocka
# program tests/ROOM/test_NAME.c as one CTest a rank count.
find_package(cmocka REQUIRED CONFIG)

set(COR_RANKS 1 2 3 4 7)
# What is set before a program starts.
file(STRINGS ${PROJECT_SOURCE_DIR}/tests/environment COR_TEST_ENVIRONMENT REGEX "^[A-Z]")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
             ${PROJECT_SOURCE_DIR}/tests/environment)
list(APPEND COR_TEST_ENVIRONMENT
    "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/lsan.supp:print_suppressions=0"
    "ASAN_OPTIONS=detect_leaks=1:leak_check_at_exit=0:allocator_may_return_null=1"
    "UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1")

function(cor_test room name)
  cmake_parse_arguments(arg "" "TIMEOUT" "RANKS;LIBRARIES" ${ARGN})
  if(NOT arg_RANKS)
    set(arg_RANKS ${COR_RANKS})
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if(CMAKE_CROSSCOMPILING_EMULATOR) # valgrind, or another processor
    math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 10")
  endif()
  set(target test_${room}_${name})
  add_executable(${target} ${PROJECT_SOURCE_DIR}/tests/${room}/test_${name}.c)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${target} PRIVATE cor_flags coracle cmocka
    $<TARGET_NAME_IF_EXISTS:cor_leaks> ${arg_LIBRARIES})
  foreach(ranks IN LISTS arg_RANKS)
    add_test(NAME ${room}.${name}.${ranks}
             COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks}
                     ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:${target}>)
    set_tests_properties(${room}.${name}.${ranks} PROPERTIES
      TIMEOUT ${arg_TIMEOUT} LABELS ${room}
      ENVIRONMENT "${COR_TEST_ENVIRONMENT}")
  endforeach()
endfunction()
