/* test/fuzz/cells_fuzz.c - a client that is not ours brings machines, and the server runs them, or refuses them and says so.
 *
 * Byte 0: bit 0 says that the machine is given by what is inside its string, which base64 and a checksum would keep from being reached; bits 1
 * to 3 the limits.  Then the length of the machine (2 bytes, big-endian) and its bytes, or any text; then what happens, a byte
 * each.  After every step: what leaves are cells, no user data before machines run, and the counts agree with each other. */
#include <stdlib.h>
#include <string.h>

#include "models/maybenot/machine_build.h"
#include "models/maybenot/machine_bytes.h"
#include "tm/base/buf.h"
#include "tm/base/time.h"
#include "tm/core/cells.h"
#include "tm/core/frame.h"
#include "tm/core/message.h"
#include "tm/core/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CELL        TM_CELL_BYTES
#define PLAIN       (CELL - TM_RECORD_OVERHEAD)
#define TEXT_MAX    (TM_MB_SET_TEXT_MAX + 4096U)
#define CONTROL_MAX (TEXT_MAX + 8192U)
#define STREAM      2U
#define STEPS_MAX   400U

struct world {
    struct tm_session *s;
    int64_t now_us;
    uint64_t n_cells; /* that the server sent */
    bool is_dead;
};

static struct world start(void)
{
    const struct tm_cells_cfg cells = {.cell_bytes = CELL};
    struct tm_session_cfg cfg = {.side = TM_CLIENT,
                                 .drive = TM_DRIVE_MAYBENOT,
                                 .cells = &cells,
                                 .master = TM_CLIENT,
                                 .shape = {.hello_min = 480, .flight_min = 250, .fin_min = 80},
                                 .prep_us = TM_PREP_US,
                                 .seed = {1}};
    struct world w = {.now_us = 100};
    struct tm_act act;
    struct tm_token t;
    if (tm_session_new(&w.s, &cfg, 0) != TM_OK || !tm_session_poll(w.s, 0, &act))
        abort();
    tm_session_token(w.s, 0, &t);
    tm_session_free(w.s);
    tm_session_cfg_from_token(&cfg, &t);
    if (cfg.drive != TM_DRIVE_MAYBENOT || tm_session_new(&w.s, &cfg, w.now_us) != TM_OK ||
        tm_session_accept(w.s, &t, act.size, w.now_us) != TM_OK)
        abort();
    return w;
}

static void check(const struct world *w)
{
    struct tm_cells_status st;
    struct tm_session_stats stats;
    if (!tm_session_cells(w->s, &st))
        abort();
    tm_session_get_stats(w->s, &stats);
    const struct tm_padder_counts *n = &st.counts;
    TM_ASSERT(n->n_normal + n->n_padding == w->n_cells);
    TM_ASSERT(n->event[TM_MB_TUNNEL_SENT] == w->n_cells);
    TM_ASSERT(n->event[TM_MB_NORMAL_SENT] == n->n_normal + n->queued_normal);
    TM_ASSERT(n->event[TM_MB_PADDING_SENT] ==
              n->n_padding + n->n_replaced + n->n_dropped + n->queued_padding);
    TM_ASSERT(n->queued_padding <= TM_PADDER_QUEUE_MAX);
    TM_ASSERT(n->n_ended <= n->n_machines && n->n_machines <= TM_MB_SET_MAX);
    TM_ASSERT(n->event[TM_MB_TUNNEL_RECV] ==
              n->event[TM_MB_NORMAL_RECV] + n->event[TM_MB_PADDING_RECV]);
    TM_ASSERT(n->event[TM_MB_BLOCKING_END] <= n->event[TM_MB_BLOCKING_BEGIN]);
    TM_ASSERT(st.is_told ? st.refused == NULL
                         : n->event[TM_MB_PADDING_SENT] == 0 && stats.payload_tx_bytes == 0);
}

static void drain(struct world *w)
{
    static uint8_t plain[TM_RECORD_PLAIN_MAX];
    struct tm_act act;
    struct tm_event ev;
    while (!w->is_dead && tm_session_poll(w->s, w->now_us, &act)) {
        if (act.kind == TM_ACT_KILL)
            w->is_dead = true;
        if (act.kind != TM_ACT_WRITE)
            continue;
        TM_ASSERT(act.size == CELL);
        size_t n = tm_session_compose(w->s, act.carrier, plain, w->now_us);
        TM_ASSERT(n + TM_RECORD_OVERHEAD + act.hs_size == CELL);
        TM_ASSERT(tm_session_compose(w->s, act.carrier, plain, w->now_us) == 0);
        w->n_cells += act.hs == TM_HS_NONE;
        tm_session_sent(w->s, act.carrier, act.write, w->now_us, w->now_us, 0);
        if (act.hs == TM_HS_NONE)
            check(w);
    }
    while (tm_session_next_event(w->s, &ev)) {
        if (ev.kind == TM_EVENT_OPEN)
            tm_session_stream_reply(w->s, ev.stream, TM_REPLY_OK);
    }
    check(w);
}

/* Whatever has become due until then, each at its time; not more than STEPS_MAX times. */
static void pass(struct world *w, int64_t for_us)
{
    const int64_t until_us = w->now_us + for_us;
    drain(w);
    for (unsigned i = 0; i < STEPS_MAX && !w->is_dead; i++) {
        int64_t next_us = tm_session_next_us(w->s);
        if (next_us >= until_us)
            break;
        w->now_us = tm_max_us(w->now_us, next_us);
        drain(w);
    }
    w->now_us = until_us;
    drain(w);
}

/* A cell of the client: these frames, and what it is at its end. */
static void deliver(struct world *w, const struct tm_wr *frames, bool is_normal)
{
    uint8_t plain[PLAIN] = {0};
    if (w->is_dead)
        return;
    memcpy(plain, frames->p, frames->len);
    if (frames->len < PLAIN)
        plain[PLAIN - 1] = is_normal;
    tm_session_received(w->s, 0, CELL, w->now_us);
    if (tm_session_record(w->s, 0, plain, PLAIN, w->now_us) != TM_OK)
        w->is_dead = true;
    drain(w);
}

/* The string of a machine whose inside this is; 0: it is none. */
static size_t string_of(char *text, const uint8_t *raw, size_t len)
{
    struct tm_mb_machine *m = tm_mb_machine_new();
    char *string = NULL;
    size_t n = 0;
    if (m && tm_mb_machine_decode(m, raw, len, NULL) == TM_OK &&
        tm_mb_machine_validate(m, NULL) == TM_OK && tm_mb_machine_text(&string, m) == TM_OK &&
        (n = strlen(string)) <= TEXT_MAX)
        memcpy(text, string, n);
    free(string);
    tm_mb_machine_free(m);
    return n <= TEXT_MAX ? n : 0;
}

static void say(struct tm_wr *control, const struct tm_message *m)
{
    tm_message_encode(control, m);
}

/* All that the client says at its beginning, in cells. */
static void introduce(struct world *w, unsigned limits, const char *text, size_t len)
{
    static uint8_t bytes[CONTROL_MAX];
    static const uint32_t ppm[] = {0, 1, 500000, 1000000};
    struct tm_wr control = tm_wr_init(bytes, sizeof bytes);
    struct tm_message m = {.kind = TM_MSG_SETTINGS,
                           .u.settings = {.version = TM_PROTOCOL_VERSION,
                                          .stream_window = TM_STREAM_WINDOW_MIN,
                                          .streams_max = TM_STREAMS_MAX}};
    say(&control, &m);
    m = (struct tm_message){.kind = TM_MSG_MACHINES,
                            .u.machines = {.max_padding_ppm = ppm[limits & 3],
                                           .max_blocking_ppm = ppm[limits >> 1 & 3],
                                           .text_len = (uint32_t)len}};
    say(&control, &m);
    for (size_t at = 0; at < len; at += m.u.part.len) {
        const size_t left = len - at;
        m = (struct tm_message){.kind = TM_MSG_MACHINES_PART};
        m.u.part = (struct tm_view){(const uint8_t *)text + at,
                                    left < TM_MACHINES_PART_MAX ? left : TM_MACHINES_PART_MAX};
        say(&control, &m);
    }
    m = (struct tm_message){.kind = TM_MSG_OPEN,
                            .stream = STREAM,
                            .u.dest = {.kind = TM_ADDR_NAME, .len = 1, .addr = "a", .port = 1}};
    say(&control, &m);
    TM_ASSERT(tm_wr_ok(&control));
    for (size_t at = 0; at < control.len;) {
        uint8_t frames[PLAIN];
        struct tm_wr f = tm_wr_init(frames, sizeof frames);
        size_t header = tm_frame_data_len(0, at) + 2;
        size_t n = control.len - at < PLAIN - header ? control.len - at : PLAIN - header;
        tm_frame_encode_data_header(&f, 0, at, false, true, n);
        tm_wr_bytes(&f, bytes + at, n);
        deliver(w, &f, true);
        at += n;
    }
}

static void happen(struct world *w, uint8_t what)
{
    static const uint8_t zeros[5000];
    uint8_t frames[32];
    struct tm_wr f = tm_wr_init(frames, sizeof frames);
    const unsigned arg = what >> 2;
    switch (what & 3) {
    case 0:
        (void)tm_session_stream_send(w->s, STREAM, zeros, (size_t)arg * 70 + 1);
        drain(w);
        break;
    case 1:
        pass(w, (int64_t)arg * arg * arg * 8);
        break;
    case 2:
        deliver(w, &f, arg & 1);
        break;
    default: /* all that was sent has come, but for the last ones; or the carrier is lost */
        if (arg == 63) {
            w->is_dead = true;
            (void)tm_session_gone(w->s, 0, TM_GONE_LOST, w->now_us);
            check(w);
            break;
        }
        if (w->n_cells + 1 > arg)
            tm_frame_encode_ack(&f, true, 0, w->n_cells + 1 - arg);
        deliver(w, &f, true);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[TEXT_MAX];
    if (size < 3)
        return 0;
    size_t len = (size_t)data[1] << 8 | data[2];
    if (len > size - 3)
        len = size - 3;
    size_t n = data[0] & 1 ? string_of(text, data + 3, len) : len;
    if (!(data[0] & 1))
        memcpy(text, data + 3, len);
    struct world w = start();
    drain(&w);
    introduce(&w, data[0] >> 1, text, n);
    for (size_t at = 3 + len; at < size && !w.is_dead; at++)
        happen(&w, data[at]);
    tm_session_free(w.s);
    return 0;
}
