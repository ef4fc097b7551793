/* tm/app/client_exec.c - tm-client exec: a program whose connections go through the tunnel of the tm-client that runs. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tm/app/main.h"
#include "tm/net/ebpf/execsock.h"

enum tm_exit tm_cmd_exec(struct tm_options *o, struct tm_msg *msg)
{
    if (tm_execsock_ask(o->v[TM_OPT_EXEC_SOCKET].text, msg) != TM_OK)
        return TM_EXIT_FAILED;
    (void)execvp(o->rest[0], o->rest);
    (void)tm_msg_set(msg, TM_ERR_IO, "cannot run %.200s: %s", o->rest[0], strerror(errno));
    return TM_EXIT_FAILED;
}
