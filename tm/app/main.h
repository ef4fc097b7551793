/* tm/app/main.h - what the two mains share: reading the command line, help, exit status. */
#ifndef TM_APP_MAIN_H
#define TM_APP_MAIN_H

#include "tm/app/options.h"
#include "tm/base/err.h"

enum tm_exit {
    TM_EXIT_DONE = 0,
    TM_EXIT_FAILED = 1,
    TM_EXIT_USAGE = 2,
    TM_EXIT_NO_VERDICT = 3 /* of prove alone, which has said why */
};

/* A command.  When it does not end with TM_EXIT_DONE, msg holds the one line for the user. */
typedef enum tm_exit (*tm_command_fn)(struct tm_options *o, struct tm_msg *msg);

/* Runs the command of the command line; handlers[command] for those of this program.  Returns the process's
 * exit status. */
int tm_main(enum tm_program program, int argc, char *argv[],
            const tm_command_fn handlers[TM_CMD_N]);

/* The commands. */
enum tm_exit tm_cmd_join(struct tm_options *o, struct tm_msg *msg);       /* client_join.c */
enum tm_exit tm_cmd_status(struct tm_options *o, struct tm_msg *msg);     /* status_cmd.c */
enum tm_exit tm_cmd_client_run(struct tm_options *o, struct tm_msg *msg); /* client_run.c */
enum tm_exit tm_cmd_models(struct tm_options *o, struct tm_msg *msg);     /* client_models.c */
enum tm_exit tm_cmd_exec(struct tm_options *o, struct tm_msg *msg);       /* client_exec.c */
enum tm_exit tm_cmd_connect(struct tm_options *o, struct tm_msg *msg);    /* client_connect.c */
enum tm_exit tm_cmd_prove(struct tm_options *o, struct tm_msg *msg);      /* client_prove.c */
enum tm_exit tm_cmd_ebpf_check(struct tm_options *o, struct tm_msg *msg); /* ebpf_check.c */
enum tm_exit tm_cmd_client_pt(struct tm_options *o, struct tm_msg *msg);  /* client_pt.c */
enum tm_exit tm_cmd_setup(struct tm_options *o, struct tm_msg *msg);      /* server_admin.c */
enum tm_exit tm_cmd_invite(struct tm_options *o, struct tm_msg *msg);
enum tm_exit tm_cmd_clients(struct tm_options *o, struct tm_msg *msg);
enum tm_exit tm_cmd_revoke(struct tm_options *o, struct tm_msg *msg);
enum tm_exit tm_cmd_renew(struct tm_options *o, struct tm_msg *msg);      /* server_renew.c */
enum tm_exit tm_cmd_server_run(struct tm_options *o, struct tm_msg *msg); /* server_run.c */
enum tm_exit tm_cmd_server_pt(struct tm_options *o, struct tm_msg *msg);  /* server_pt.c */

#endif
