/* tm/app/ui.c - see ui.h. */
#include "tm/app/ui.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "tm/app/curves.h"
#include "tm/app/history.h"
#include "tm/app/innerdoor.h"
#include "tm/app/kv.h"
#include "tm/net/webdoor.h"

#define SECOND_MS 1000

extern const unsigned char tm_ui_index_html[], tm_ui_page_css[], tm_ui_page_js[];
extern const size_t tm_ui_index_html_len, tm_ui_page_css_len, tm_ui_page_js_len;

static const char HEADERS[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Referrer-Policy: no-referrer\r\n";

struct tm_ui {
    struct tm_panel_cfg cfg;
    struct tm_webdoor *door; /* owned */
    uv_timer_t second;
    struct tm_history history;
    struct tm_curves curves;
    char token[TM_UI_TOKEN_TEXT + 1];
    char text[TM_WEBDOOR_BODY_MAX]; /* the last answer that was made */
};

static bool has_time(void *user)
{
    const struct tm_ui *u = user;
    return tm_look_has_time(&u->cfg.look);
}

/* ---- What is asked for ---- */

bool tm_ui_path(struct tm_view *name, struct tm_view path, const char token[TM_UI_TOKEN_TEXT + 1])
{
    const size_t head = 1 + TM_UI_TOKEN_TEXT + 1;
    if (path.len < head || path.p[0] != '/' || path.p[head - 1] != '/' ||
        CRYPTO_memcmp(path.p + 1, token, TM_UI_TOKEN_TEXT) != 0)
        return false;
    *name = (struct tm_view){path.p + head, path.len - head};
    return true;
}

uint64_t tm_ui_since(struct tm_view query)
{
    static const char name[] = "since=";
    uint64_t n = 0;
    if (query.len < sizeof name - 1 || query.len > sizeof name - 1 + 18 ||
        memcmp(query.p, name, sizeof name - 1) != 0)
        return 0;
    for (size_t i = sizeof name - 1; i < query.len; i++) {
        if (query.p[i] < '0' || query.p[i] > '9')
            return 0;
        n = n * 10 + (uint64_t)(query.p[i] - '0');
    }
    return n;
}

static bool is_name(struct tm_view v, const char *name)
{
    return v.len == strlen(name) && memcmp(v.p, name, v.len) == 0;
}

/* ---- What is answered ---- */

/* False: there is nothing to see now. */
static size_t write_data(struct tm_ui *u, uint64_t since)
{
    struct tm_look look;
    const size_t cap = sizeof u->text;
    if (!tm_look_take(&u->cfg.look, &look))
        return 0;
    size_t len = (size_t)snprintf(u->text, cap, "{\"status\":");
    size_t n = tm_status_write(&look.status, u->text + len, cap - len);
    if (n == 0)
        return 0;
    len += n;
    len += (size_t)snprintf(u->text + len, cap - len, ",\"history\":");
    n = tm_history_write(&u->history, since, u->text + len, cap - len - 2);
    if (n == 0)
        return 0;
    len += n;
    u->text[len++] = '}';
    return len;
}

static size_t write_curves(struct tm_ui *u)
{
    struct tm_look look;
    if (!tm_look_take(&u->cfg.look, &look))
        return 0;
    const struct tm_curves_source src = {.cfg = look.shown.cfg,
                                         .digest = look.shown.digest,
                                         .played = look.shown.played,
                                         .total = look.total};
    return tm_curves_write(&u->curves, &src, u->text, sizeof u->text);
}

static void answer_made(struct tm_ui *u, struct tm_webdoor_answer *a, size_t len)
{
    a->type = "application/json";
    a->body = (struct tm_view){(const uint8_t *)u->text, len};
    if (len == 0)
        a->status = TM_HTTP_UNAVAILABLE;
}

static void on_ask(void *user, const struct tm_http_ask *ask, struct tm_webdoor_answer *a)
{
    static const char lost[] =
        "not found: the whole address of the page was printed when the program started, "
        "and is another one each time\n";
    const struct {
        const char *name, *type;
        struct tm_view body;
    } file[] = {{"", "text/html; charset=utf-8", {tm_ui_index_html, tm_ui_index_html_len}},
                {"page.css", "text/css; charset=utf-8", {tm_ui_page_css, tm_ui_page_css_len}},
                {"page.js", "text/javascript; charset=utf-8", {tm_ui_page_js, tm_ui_page_js_len}}};
    struct tm_ui *u = user;
    struct tm_view name;
    a->headers = HEADERS;
    bool is_known = tm_ui_path(&name, ask->path, u->token);
    for (size_t i = 0; is_known && i < sizeof file / sizeof file[0]; i++) {
        if (is_name(name, file[i].name)) {
            a->type = file[i].type;
            a->body = file[i].body;
            return;
        }
    }
    if (is_known && is_name(name, "data.json")) {
        answer_made(u, a, write_data(u, tm_ui_since(ask->query)));
    } else if (is_known && is_name(name, "curves.json")) {
        answer_made(u, a, write_curves(u));
    } else {
        a->status = TM_HTTP_NOT_FOUND;
        a->body = (struct tm_view){(const uint8_t *)lost, sizeof lost - 1};
    }
}

/* ---- Life ---- */

static void on_second(uv_timer_t *timer)
{
    struct tm_ui *u = timer->data;
    struct tm_session_stats stats;
    tm_look_count(&u->cfg.look, &stats);
    tm_history_note(&u->history, &stats);
}

static int new_token(char text[TM_UI_TOKEN_TEXT + 1])
{
    uint8_t token[TM_UI_TOKEN_BYTES];
    if (RAND_bytes(token, sizeof token) != 1)
        return TM_ERR_TLS;
    tm_hex_encode(text, token, sizeof token);
    OPENSSL_cleanse(token, sizeof token);
    return TM_OK;
}

static void say_where(const struct tm_ui *u, const struct tm_innerdoor *door, uint16_t port)
{
    char where[TM_ADDRESS_TEXT_MAX];
    tm_address_print(where, door->addr.host, port);
    printf("page: http://%s/%s/\n", where, u->token);
    (void)fflush(stdout);
}

static void on_closed(uv_handle_t *h)
{
    struct tm_ui *u = h->data;
    tm_curves_deinit(&u->curves);
    OPENSSL_cleanse(u->token, sizeof u->token);
    free(u);
}

int tm_ui_open(struct tm_ui **out, const struct tm_panel_cfg *cfg, struct tm_msg *msg)
{
    struct tm_ui *u = calloc(1, sizeof *u);
    struct tm_innerdoor door;
    struct tm_msg why;
    struct tm_webdoor_cfg web = {
        .take_fd = -1, .is_tcp = true, .answer = on_ask, .is_ready = has_time, .user = u};
    uint16_t port;
    *out = NULL;
    if (u == NULL)
        return tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    u->cfg = *cfg;
    int rc = new_token(u->token);
    if (rc != TM_OK)
        (void)tm_msg_set(&why, rc, "no random bytes from OpenSSL");
    if (rc == TM_OK)
        rc = tm_innerdoor_parse(&door, cfg->o->v[TM_OPT_UI].text, false, &why);
    if (rc == TM_OK)
        rc = tm_innerdoor_open(&web.take_fd, &port, &door, &why);
    if (rc == TM_OK && (rc = tm_webdoor_open(&u->door, cfg->loop, &web)) != TM_OK)
        (void)tm_msg_set(&why, rc, "%s", tm_strerror(rc));
    if (rc != TM_OK) {
        free(u);
        return tm_msg_set(msg, rc, "--ui: %.400s", why.text);
    }
    (void)uv_timer_init(cfg->loop, &u->second);
    u->second.data = u;
    (void)uv_timer_start(&u->second, on_second, SECOND_MS, SECOND_MS);
    say_where(u, &door, port);
    *out = u;
    return TM_OK;
}

void tm_ui_close(struct tm_ui *u)
{
    if (u == NULL)
        return;
    tm_webdoor_close(u->door);
    uv_close((uv_handle_t *)&u->second, on_closed);
}
