# The models that ship, data/models.db (made by scripts/make-models; provenance in data/README.md), as models.db of the build
# directory: there the programs find them before they are installed.
set(shipped_models ${PROJECT_SOURCE_DIR}/data/models.db)
set(models_db ${CMAKE_BINARY_DIR}/models.db)
add_custom_command(
    OUTPUT ${models_db}
    COMMAND ${CMAKE_COMMAND} -E copy ${shipped_models} ${models_db}
    COMMAND tm-learn list ${models_db}
    DEPENDS tm-learn ${shipped_models}
    COMMENT "The models that ship"
    VERBATIM)
add_custom_target(models ALL DEPENDS ${models_db})
