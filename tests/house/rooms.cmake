cmake_minimum_required(VERSION 3.22)
# See CMakeLists.txt: COMPILER, INCLUDES, MAY, MAY_NOT, FOLDER.
list(REMOVE_ITEM INCLUDES "")
list(TRANSFORM INCLUDES PREPEND -I)

# Compile a file that includes the header; `code` gets 0 if it goes through.
function(try_include header code message)
  file(WRITE ${FOLDER}/try.c "#include <${header}>\nint nothing;\n")
  execute_process(
    COMMAND ${COMPILER} -std=c17 -D_POSIX_C_SOURCE=200809L
            -DPCRE2_CODE_UNIT_WIDTH=8 -fsyntax-only
            ${INCLUDES} ${FOLDER}/try.c
    RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE error)
  set(${code} ${result} PARENT_SCOPE)
  set(${message} "${error}" PARENT_SCOPE)
endfunction()

set(wrong 0)
foreach(header IN LISTS MAY)
  try_include(${header} code message)
  if(NOT code EQUAL 0)
    message("${header} should be open to this room:\n${message}")
    set(wrong 1)
  endif()
endforeach()
foreach(header IN LISTS MAY_NOT)
  try_include(${header} code message)
  if(code EQUAL 0)
    message("${header} should be closed to this room, and is not")
    set(wrong 1)
  elseif(NOT message MATCHES "#error \"[^\"]*(lives in|may not call)")
    message("${header} is stopped by something else than its rule:\n${message}")
    set(wrong 1)
  endif()
endforeach()
if(wrong)
  message(FATAL_ERROR "the rooms are not kept apart: see cmake/rooms.cmake")
endif()
