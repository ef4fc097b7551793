# The one INTERFACE target that every target of ours links: language, warnings, hardening.
add_library(tm_flags INTERFACE)
target_include_directories(tm_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(tm_flags INTERFACE _GNU_SOURCE TM_VERSION="${PROJECT_VERSION}")
target_compile_options(tm_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
    -Wvla -Wundef -Wformat=2 -Wcast-qual -Wpointer-arith -Wswitch-enum -Wimplicit-fallthrough
    -fno-strict-aliasing -fno-common)

if(TM_WERROR)
    target_compile_options(tm_flags INTERFACE -Werror)
endif()

if(TM_SANITIZE)
    target_compile_options(tm_flags INTERFACE -fsanitize=${TM_SANITIZE}
        -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(tm_flags INTERFACE -fsanitize=${TM_SANITIZE})
endif()

if(TM_HARDEN)
    target_compile_options(tm_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong
        -fstack-clash-protection -fPIE)
    target_link_options(tm_flags INTERFACE -pie -Wl,-z,relro,-z,now,-z,noexecstack)
endif()

if(TM_FUZZ)
    # Coverage feedback from the layers as well; the fuzz targets themselves link libFuzzer's main.
    target_compile_options(tm_flags INTERFACE -fsanitize=fuzzer-no-link)
    target_link_options(tm_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(TM_COVERAGE)
    target_compile_options(tm_flags INTERFACE --coverage)
    target_link_options(tm_flags INTERFACE --coverage)
endif()
