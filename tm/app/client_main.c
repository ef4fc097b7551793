/* tm/app/client_main.c - tm-client. */
#include "tm/app/main.h"

int main(int argc, char *argv[])
{
    static const tm_command_fn handlers[TM_CMD_N] = {
        [TM_CMD_JOIN] = tm_cmd_join,       [TM_CMD_CLIENT_RUN] = tm_cmd_client_run,
        [TM_CMD_MODELS] = tm_cmd_models,   [TM_CMD_CLIENT_STATUS] = tm_cmd_status,
        [TM_CMD_EXEC] = tm_cmd_exec,       [TM_CMD_EBPF_CHECK] = tm_cmd_ebpf_check,
        [TM_CMD_CONNECT] = tm_cmd_connect, [TM_CMD_CLIENT_PT] = tm_cmd_client_pt,
        [TM_CMD_PROVE] = tm_cmd_prove,
    };
    return tm_main(TM_PROGRAM_CLIENT, argc, argv, handlers);
}
