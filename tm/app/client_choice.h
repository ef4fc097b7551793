/* tm/app/client_choice.h - what tm-client run decides where its user has not. */
#ifndef TM_APP_CLIENT_CHOICE_H
#define TM_APP_CLIENT_CHOICE_H

#include "tm/app/options.h"
#include "tm/core/session_cfg.h"

/* When nobody said what to play: a line of log says what it is, and what it costs. */
void tm_client_tell_default(const struct tm_options *o);

/* What drives the wire; *fixed_m: the carriers as --model shuffle says, else 0. */
enum tm_drive tm_client_drive(const struct tm_options *o, uint32_t *fixed_m);

#endif
