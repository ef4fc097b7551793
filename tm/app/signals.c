/* tm/app/signals.c - see signals.h. */
#include "tm/app/signals.h"

#include <signal.h>

static const int numbers[TM_SIGNALS_N] = {SIGINT, SIGTERM, SIGUSR1, SIGHUP};

static void on_signal(uv_signal_t *handle, int number)
{
    struct tm_signals *s = handle->data;
    if (number == SIGUSR1)
        s->fns.stats(s->user);
    else if (number == SIGHUP)
        s->fns.hangup(s->user);
    else
        s->fns.stop(s->user);
}

int tm_signals_start(struct tm_signals *s, uv_loop_t *loop, const struct tm_signals_fns *fns,
                     void *user)
{
    s->fns = *fns;
    s->user = user;
    int rc = TM_OK;
    for (size_t i = 0; i < TM_SIGNALS_N; i++) {
        uv_signal_init(loop, &s->handle[i]);
        s->handle[i].data = s;
        if (numbers[i] == SIGHUP && fns->hangup == NULL)
            continue;
        if (uv_signal_start(&s->handle[i], on_signal, numbers[i]) != 0)
            rc = TM_ERR_IO;
    }
    return rc;
}

void tm_signals_stop(struct tm_signals *s)
{
    for (size_t i = 0; i < TM_SIGNALS_N; i++)
        if (!uv_is_closing((uv_handle_t *)&s->handle[i]))
            uv_close((uv_handle_t *)&s->handle[i], NULL);
}
