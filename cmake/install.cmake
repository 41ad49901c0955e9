include(CMakePackageConfigHelpers)
install(TARGETS coracle EXPORT coracle-targets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS coracle-command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/coracle
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT coracle-targets NAMESPACE coracle::
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/coracle)
configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/coracle-config.cmake.in coracle-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/coracle)
write_basic_package_version_file(coracle-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
# Relative, so that the file serves wherever the folder is moved to.
file(RELATIVE_PATH COR_PC_UP ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig
     ${CMAKE_INSTALL_PREFIX})
configure_file(${PROJECT_SOURCE_DIR}/cmake/coracle.pc.in coracle.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/coracle-config.cmake
              ${PROJECT_BINARY_DIR}/coracle-config-version.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/coracle)
install(FILES ${PROJECT_BINARY_DIR}/coracle.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES ${PROJECT_SOURCE_DIR}/jobs/completion.bash
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
        RENAME coracle)
