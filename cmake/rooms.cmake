# A room is a folder of src with its public headers. The build keeps the rooms
# apart: a room finds the headers of the rooms beneath it, and for every other
# coracle header, and every outside library that is not its own, the first file
# on its include path is one that stops the compiler with a sentence.

set(COR_ROOMS core team store linalg records ingest prepare recommend mixture evaluate export report command)

set(COR_HEADERS_core cells cut failure status memory random text time_pattern sort map)
set(COR_HEADERS_team team part shards exchange ring sum select shared halo stop)
set(COR_HEADERS_store file checkpoint examples ids interactions kept matrix table)
set(COR_HEADERS_linalg basis corating linalg dense gaussian steps)
set(COR_HEADERS_report plot csv output result progress plan)
set(COR_HEADERS_records decode field json keep path records sink source tally top where)
set(COR_HEADERS_ingest ingest ingest_examples ingest_matrix)
set(COR_HEADERS_prepare profile expand features generate generate_matrix kcore sequences split postings row_fields)
set(COR_HEADERS_recommend course ratings reduce model baseline knn popular scores als sgd recommend update)
set(COR_HEADERS_mixture mixture gmm pca)
set(COR_HEADERS_export export)
set(COR_HEADERS_evaluate evaluate ranking search)
set(COR_HEADERS_command command)

# Whom a room may call.
set(COR_BELOW_core)
set(COR_BELOW_team core)
set(COR_BELOW_linalg core team)
set(COR_BELOW_store core team)
set(COR_BELOW_report core team)
set(COR_BELOW_records core team report)
set(COR_BELOW_ingest core team store report records)
set(COR_BELOW_prepare core team store report records)
set(COR_BELOW_recommend core team store linalg report)
set(COR_BELOW_mixture core team store linalg report)
set(COR_BELOW_export core team store linalg report records recommend)
set(COR_BELOW_evaluate core team store linalg report recommend)
set(COR_BELOW_command core team store linalg report)
set(COR_BELOW_jobs ${COR_ROOMS})

# Outside libraries: the header to guard, the rooms that may include it.
set(COR_OUTSIDE mpi.h hdf5.h cblas.h lapack.h jansson.h popt.h xxhash.h md5.h
                Random123/philox.h simdjson.h pcre2.h zlib.h zstd.h)
set(COR_MAY_mpi.h team store)
set(COR_MAY_hdf5.h store)
set(COR_MAY_cblas.h linalg)
set(COR_MAY_lapack.h linalg)
set(COR_MAY_jansson.h report)
set(COR_MAY_popt.h command)
set(COR_MAY_simdjson.h records)
set(COR_MAY_pcre2.h records)
set(COR_MAY_zlib.h records)
set(COR_MAY_zstd.h records)
set(COR_MAY_xxhash.h core)
set(COR_MAY_md5.h prepare)
set(COR_MAY_Random123/philox.h core)

function(cor_forbid folder header sentence)
  file(CONFIGURE OUTPUT ${folder}/${header} CONTENT "#error \"${sentence}\"\n")
endfunction()

# Write the forbidden headers of one room into a folder and return it.
function(cor_forbidden room out)
  set(folder ${PROJECT_BINARY_DIR}/forbidden/${room})
  file(REMOVE_RECURSE ${folder}) # a header may have moved to another room
  foreach(other IN LISTS COR_ROOMS)
    if(NOT other STREQUAL room AND NOT other IN_LIST COR_BELOW_${room})
      foreach(header IN LISTS COR_HEADERS_${other})
        cor_forbid(${folder} coracle/${header}.h
                   "${room} may not call ${other}: see cmake/rooms.cmake")
      endforeach()
    endif()
  endforeach()
  foreach(header IN LISTS COR_OUTSIDE)
    if(NOT room IN_LIST COR_MAY_${header})
      cor_forbid(${folder} ${header}
                 "${header} lives in ${COR_MAY_${header}}, not in ${room}")
    endif()
  endforeach()
  set(${out} ${folder} PARENT_SCOPE)
endfunction()

# cor_room(NAME SOURCES ... LIBRARIES ...)
function(cor_room room)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  cor_forbidden(${room} forbidden)
  add_library(cor_${room} OBJECT ${arg_SOURCES})
  target_include_directories(cor_${room} BEFORE PRIVATE ${forbidden})
  target_include_directories(cor_${room} PRIVATE ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(cor_${room} PRIVATE cor_flags ${arg_LIBRARIES})
endfunction()
