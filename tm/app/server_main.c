/* tm/app/server_main.c - tm-server. */
#include "tm/app/main.h"

int main(int argc, char *argv[])
{
    static const tm_command_fn handlers[TM_CMD_N] = {
        [TM_CMD_SETUP] = tm_cmd_setup,         [TM_CMD_SERVER_RUN] = tm_cmd_server_run,
        [TM_CMD_INVITE] = tm_cmd_invite,       [TM_CMD_CLIENTS] = tm_cmd_clients,
        [TM_CMD_REVOKE] = tm_cmd_revoke,       [TM_CMD_SERVER_STATUS] = tm_cmd_status,
        [TM_CMD_SERVER_PT] = tm_cmd_server_pt, [TM_CMD_RENEW] = tm_cmd_renew,
    };
    return tm_main(TM_PROGRAM_SERVER, argc, argv, handlers);
}
