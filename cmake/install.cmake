# What `cmake --install` puts where, but for the Maybenot library (tm/maybenot/CMakeLists.txt).  The programs find the models as
# ../share/trafficmimic/models.db from their own place (tm/app/shipped.h).
include(GNUInstallDirs)
set(TM_SYSTEMD_DIR lib/systemd CACHE STRING "Where systemd's units go: DIR/system and DIR/user")
set(TM_ZSH_DIR ${CMAKE_INSTALL_DATADIR}/zsh/site-functions CACHE STRING "Where zsh looks for completions")

set(programs tm-client tm-server tm-learn tm-audit tm-sim)
install(TARGETS ${programs} RUNTIME)
install(FILES data/models.db data/models.json DESTINATION ${CMAKE_INSTALL_DATADIR}/trafficmimic)
foreach(program ${programs})
    install(FILES doc/man/${program}.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endforeach()
install(FILES doc/man/trafficmimic-config.5 doc/man/trafficmimic-models.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)

install(FILES data/systemd/tm-client.service data/systemd/tm-client.socket data/systemd/tm-server.service
    data/systemd/tm-server.socket DESTINATION ${TM_SYSTEMD_DIR}/system)
install(FILES data/systemd/user/tm-client.service data/systemd/user/tm-client.socket DESTINATION ${TM_SYSTEMD_DIR}/user)
install(FILES data/systemd/trafficmimic.sysusers DESTINATION lib/sysusers.d RENAME trafficmimic.conf)

# Completions, from what the programs themselves print as help.
set(completions "")
foreach(program ${programs})
    foreach(shell bash zsh fish)
        set(file ${CMAKE_BINARY_DIR}/completions/${shell}/${program})
        add_custom_command(OUTPUT ${file}
            COMMAND ${CMAKE_SOURCE_DIR}/scripts/completions ${shell} $<TARGET_FILE:${program}> ${file}
            DEPENDS ${program} scripts/completions scripts/lib.sh VERBATIM)
        list(APPEND completions ${file})
    endforeach()
    install(FILES ${CMAKE_BINARY_DIR}/completions/bash/${program} DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
    install(FILES ${CMAKE_BINARY_DIR}/completions/zsh/${program} DESTINATION ${TM_ZSH_DIR} RENAME _${program})
    install(FILES ${CMAKE_BINARY_DIR}/completions/fish/${program} DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d
        RENAME ${program}.fish)
endforeach()
add_custom_target(completions ALL DEPENDS ${completions})
