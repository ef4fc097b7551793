/* tm/app/server_list.h - the invitations that wait. */
#ifndef TM_APP_SERVER_LIST_H
#define TM_APP_SERVER_LIST_H

#include "tm/app/main.h"

/* tm-server invite --list: one a line. */
enum tm_exit tm_server_list_invites(const struct tm_options *o, struct tm_msg *msg);

#endif
