/* tm/app/process.h - what the process asks of the system before it touches a key. */
#ifndef TM_APP_PROCESS_H
#define TM_APP_PROCESS_H

#include "tm/base/err.h"

enum tm_process_core { TM_PROCESS_NO_CORE, TM_PROCESS_CORE };

/* Files made from now on are ours alone (umask), the limit of open files is raised to what is allowed,
 * writing to a closed socket is an error and not a signal, and unless `core` says otherwise there is no
 * core dump and no ptrace by other processes of the user (prctl PR_SET_DUMPABLE).  A process of ordinary priority
 * gets the nice value -10, where that is allowed.  Logs what fails, but for the last. */
void tm_process_prepare(enum tm_process_core core);

/* Root that works on the directory of another user, as that of a service, becomes that user for good, so that what it
 * makes there is that user's and nothing there can lead root astray.  dir may be NULL or missing: nothing is done.
 * TM_ERR_IO. */
TM_MUST_CHECK int tm_process_become_owner(const char *dir, struct tm_msg *msg);

#endif
