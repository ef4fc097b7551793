/* tm/app/client_choice.h - what tm-client run decides where its user has not. */
#ifndef TM_APP_CLIENT_CHOICE_H
#define TM_APP_CLIENT_CHOICE_H

#include "tm/app/options.h"

/* When nobody said what to play: a line of log says what it is, and what it costs. */
void tm_client_tell_default(const struct tm_options *o);

#endif
