cmake_minimum_required(VERSION 3.22)
# See CMakeLists.txt: BUILD, SOURCE, FOLDER, LIBDIR, BINDIR, FLAGS, COMPILER,
# MPICC, MPIRUN.
set(prefix ${FOLDER}/prefix)
set(library ${prefix}/${LIBDIR})

# Run a command; its standard output goes to `out`.
function(run out)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE printed
                  ERROR_VARIABLE error OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT code EQUAL 0)
    list(JOIN ARGN " " line)
    message(FATAL_ERROR "${line}\nleft with ${code}:\n${printed}\n${error}")
  endif()
  set(${out} "${printed}" PARENT_SCOPE)
endfunction()

# Fail unless the two are the same.
function(expect got wanted what)
  if(NOT got STREQUAL wanted)
    message(FATAL_ERROR "${what}: got '${got}', wanted '${wanted}'")
  endif()
endfunction()

file(REMOVE_RECURSE ${FOLDER})
run(ignored ${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})

# Each header stands on its own.
file(GLOB headers ${prefix}/include/coracle/*.h)
foreach(header IN LISTS headers)
  run(ignored ${COMPILER} -std=c17 -Wall -Wextra -Werror -fsyntax-only
      -I${prefix}/include -x c ${header})
endforeach()

# By CMake.
run(ignored ${CMAKE_COMMAND} -S ${SOURCE} -B ${FOLDER}/by-cmake -G Ninja
    -DCMAKE_C_COMPILER=${COMPILER} -DCMAKE_C_FLAGS=${FLAGS}
    -DCMAKE_PREFIX_PATH=${prefix})
run(ignored ${CMAKE_COMMAND} --build ${FOLDER}/by-cmake)
run(one ${MPIRUN} -n 1 ${FOLDER}/by-cmake/outside)
run(three ${MPIRUN} -n 3 ${FOLDER}/by-cmake/outside)
expect("${three}" "${one}" "sum on three ranks and on one")

# By pkg-config, which must name this prefix wherever it was moved to.
set(ENV{PKG_CONFIG_PATH} ${library}/pkgconfig)
run(flags pkg-config --cflags --libs coracle)
separate_arguments(flags UNIX_COMMAND "${flags} ${FLAGS}")
run(ignored ${MPICC} -std=c17 ${SOURCE}/outside.c -o ${FOLDER}/by-pkg-config
    ${flags} -Wl,-rpath,${library})
run(two ${MPIRUN} -n 2 ${FOLDER}/by-pkg-config)
expect("${two}" "${one}" "sum on two ranks and on one")

# The installed command finds its library and the BLAS it was built for.
run(version ${prefix}/${BINDIR}/coracle --version)
foreach(word coracle MPI HDF5 OpenBLAS)
  if(NOT version MATCHES "${word}")
    message(FATAL_ERROR "--version does not name ${word}:\n${version}")
  endif()
endforeach()
