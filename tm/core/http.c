/* tm/core/http.c - see http.h. */
#include "tm/core/http.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#define METHOD_MAX  32U
#define VERSION_LEN 8U /* HTTP/1.1 */
#define PORT_HTTP   80U

/* ---- Characters ---- */

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static bool is_alnum(uint8_t c)
{
    uint8_t l = lower(c);
    return (c >= '0' && c <= '9') || (l >= 'a' && l <= 'z');
}

/* RFC 9110 sec. 5.6.2 tchar. */
static bool is_token(struct tm_view v)
{
    for (size_t i = 0; i < v.len; i++)
        if (!is_alnum(v.p[i]) && (v.p[i] == 0 || strchr("!#$%&'*+-.^_`|~", v.p[i]) == NULL))
            return false;
    return v.len > 0;
}

static bool is_word(struct tm_view v, const char *word)
{
    if (v.len != strlen(word))
        return false;
    for (size_t i = 0; i < v.len; i++)
        if (lower(v.p[i]) != (uint8_t)word[i])
            return false;
    return true;
}

static bool is_same(struct tm_view a, struct tm_view b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

static struct tm_view part(struct tm_view v, size_t from, size_t to)
{
    return (struct tm_view){v.p + from, to - from};
}

/* Where c stands first, or v.len. */
static size_t find(struct tm_view v, uint8_t c)
{
    const uint8_t *at = v.len > 0 ? memchr(v.p, c, v.len) : NULL;
    return at == NULL ? v.len : (size_t)(at - v.p);
}

static struct tm_view trim(struct tm_view v)
{
    while (v.len > 0 && (v.p[0] == ' ' || v.p[0] == '\t'))
        v = part(v, 1, v.len);
    while (v.len > 0 && (v.p[v.len - 1] == ' ' || v.p[v.len - 1] == '\t'))
        v.len--;
    return v;
}

/* The next element of a list with commas; false at its end. */
static bool next_element(struct tm_view *list, struct tm_view *element)
{
    if (list->len == 0)
        return false;
    size_t comma = find(*list, ',');
    *element = trim(part(*list, 0, comma));
    *list = part(*list, comma < list->len ? comma + 1 : comma, list->len);
    return true;
}

/* ---- Lines ---- */

ssize_t tm_http_head(const uint8_t *p, size_t len, size_t from)
{
    size_t at = from > 3 ? from - 3 : 0;
    while (at < len) {
        const uint8_t *lf = memchr(p + at, '\n', len - at);
        if (lf == NULL)
            break;
        at = (size_t)(lf - p) + 1;
        size_t end = at < len && p[at] == '\r' ? at + 1 : at;
        if (end < len && p[end] == '\n')
            return end + 1 <= TM_HTTP_HEAD_MAX ? (ssize_t)(end + 1) : TM_ERR_LIMIT;
    }
    return len < TM_HTTP_HEAD_MAX ? 0 : TM_ERR_LIMIT;
}

/* The next line without its end; false for one with bytes that no line has. */
static bool next_line(struct tm_view *rest, struct tm_view *line)
{
    size_t lf = find(*rest, '\n');
    *line = part(*rest, 0, lf);
    *rest = part(*rest, lf < rest->len ? lf + 1 : lf, rest->len);
    if (line->len > 0 && line->p[line->len - 1] == '\r')
        line->len--;
    for (size_t i = 0; i < line->len; i++)
        if ((line->p[i] < ' ' && line->p[i] != '\t') || line->p[i] == 0x7f)
            return false;
    return true;
}

struct field {
    struct tm_view line, name, value;
};

struct head {
    struct tm_view method, target, version;
    struct field field[TM_HTTP_FIELDS_MAX];
    size_t n_fields;
};

static enum tm_http_status read_first_line(struct head *h, struct tm_view line)
{
    size_t one = find(line, ' ');
    h->method = part(line, 0, one);
    if (one == line.len || one > METHOD_MAX || !is_token(h->method))
        return TM_HTTP_BAD_REQUEST;
    struct tm_view rest = part(line, one + 1, line.len);
    size_t two = find(rest, ' ');
    h->target = part(rest, 0, two);
    if (two == rest.len || two == 0)
        return TM_HTTP_BAD_REQUEST;
    h->version = part(rest, two + 1, rest.len);
    if (h->version.len != VERSION_LEN || memcmp(h->version.p, "HTTP/", 5) != 0 ||
        h->version.p[6] != '.')
        return TM_HTTP_BAD_REQUEST;
    return h->version.p[5] == '1' && (h->version.p[7] == '0' || h->version.p[7] == '1')
               ? TM_HTTP_OK
               : TM_HTTP_VERSION;
}

static enum tm_http_status read_head(struct head *h, const uint8_t *p, size_t len)
{
    struct tm_view rest = {p, len}, line;
    if (!next_line(&rest, &line))
        return TM_HTTP_BAD_REQUEST;
    enum tm_http_status status = read_first_line(h, line);
    if (status != TM_HTTP_OK)
        return status;
    for (h->n_fields = 0; rest.len > 0;) {
        if (!next_line(&rest, &line))
            return TM_HTTP_BAD_REQUEST;
        if (line.len == 0)
            break;
        if (h->n_fields == TM_HTTP_FIELDS_MAX)
            return TM_HTTP_TOO_LARGE;
        size_t colon = find(line, ':');
        struct field *f = &h->field[h->n_fields++];
        *f = (struct field){.line = line, .name = part(line, 0, colon)};
        if (colon == line.len || !is_token(f->name)) /* also: folded lines */
            return TM_HTTP_BAD_REQUEST;
        f->value = trim(part(line, colon + 1, line.len));
    }
    return TM_HTTP_OK;
}

/* ---- Where to ---- */

static bool read_port(uint16_t *port, struct tm_view v)
{
    uint32_t n = 0;
    for (size_t i = 0; i < v.len; i++) {
        if (v.p[i] < '0' || v.p[i] > '9' || i >= 5)
            return false;
        n = n * 10 + (v.p[i] - '0');
    }
    *port = (uint16_t)n;
    return n > 0 && n <= UINT16_MAX;
}

static bool read_ipv6(struct tm_dest *d, struct tm_view v)
{
    char text[INET6_ADDRSTRLEN];
    if (v.len >= sizeof text)
        return false;
    memcpy(text, v.p, v.len);
    text[v.len] = '\0';
    d->kind = TM_ADDR_IPV6;
    d->len = 16;
    return inet_pton(AF_INET6, text, d->addr) == 1;
}

static bool read_name(struct tm_dest *d, struct tm_view v)
{
    char text[INET_ADDRSTRLEN] = {0};
    if (v.len == 0 || v.len > TM_DEST_HOST_MAX)
        return false;
    for (size_t i = 0; i < v.len; i++)
        if (v.p[i] <= ' ' || v.p[i] >= 0x7f || strchr("/?#@[]\\:<>\"", v.p[i]) != NULL)
            return false;
    if (v.len < sizeof text)
        memcpy(text, v.p, v.len);
    if (inet_pton(AF_INET, text, d->addr) == 1) {
        d->kind = TM_ADDR_IPV4;
        d->len = 4;
        return true;
    }
    d->kind = TM_ADDR_NAME;
    d->len = (uint8_t)v.len;
    memcpy(d->addr, v.p, v.len);
    return true;
}

/* HOST[:PORT]; `def` where there is no port, 0: there must be one. */
static bool read_authority(struct tm_dest *d, struct tm_view v, uint16_t def)
{
    bool is_ipv6 = v.len > 0 && v.p[0] == '[';
    size_t close = is_ipv6 ? find(v, ']') : 0;
    if (is_ipv6 && close == v.len)
        return false;
    struct tm_view host = is_ipv6 ? part(v, 1, close) : part(v, 0, find(v, ':'));
    struct tm_view rest = part(v, is_ipv6 ? close + 1 : host.len, v.len);
    *d = (struct tm_dest){.port = def};
    if (!(is_ipv6 ? read_ipv6(d, host) : read_name(d, host)))
        return false;
    if (rest.len == 0 || (rest.len == 1 && rest.p[0] == ':'))
        return def != 0;
    return rest.p[0] == ':' && read_port(&d->port, part(rest, 1, rest.len));
}

/* SCHEME://AUTHORITY followed by what goes on. */
static enum tm_http_status split_address(struct tm_view target, struct tm_view *authority,
                                         struct tm_view *path)
{
    size_t colon = find(target, ':');
    if (colon + 3 > target.len || target.p[colon + 1] != '/' || target.p[colon + 2] != '/')
        return TM_HTTP_BAD_REQUEST; /* a request for us, as for a server */
    if (!is_word(part(target, 0, colon), "http"))
        return TM_HTTP_NOT_IMPLEMENTED;
    size_t at = colon + 3, end = at;
    while (end < target.len && strchr("/?#", target.p[end]) == NULL)
        end++;
    *authority = part(target, at, end);
    *path = part(target, end, target.len);
    path->len = find(*path, '#');
    return TM_HTTP_OK;
}

/* ---- What goes on ---- */

static bool is_named_by_connection(const struct head *h, struct tm_view name)
{
    for (size_t i = 0; i < h->n_fields; i++) {
        struct tm_view list = h->field[i].value, element;
        if (!is_word(h->field[i].name, "connection"))
            continue;
        while (next_element(&list, &element))
            if (is_same(element, name))
                return true;
    }
    return false;
}

/* Fields for us, for this connection, or that we write ourselves. */
static bool is_dropped(const struct head *h, struct tm_view name)
{
    static const char *const hop[] = {"connection", "proxy-connection",    "keep-alive", "te",
                                      "upgrade",    "proxy-authorization", "host"};
    for (size_t i = 0; i < sizeof hop / sizeof hop[0]; i++)
        if (is_word(name, hop[i]))
            return true;
    return !is_word(name, "content-length") && !is_word(name, "transfer-encoding") &&
           is_named_by_connection(h, name);
}

static bool read_length(struct tm_http_body *b, struct tm_view v)
{
    for (size_t i = 0; i < v.len; i++) {
        if (v.p[i] < '0' || v.p[i] > '9' || i >= 18)
            return false;
        b->left = b->left * 10 + (v.p[i] - '0');
    }
    return v.len > 0;
}

/* RFC 9112 sec. 6.3: what two readers could understand in two ways is refused. */
static enum tm_http_status read_framing(struct tm_http_body *b, const struct head *h)
{
    unsigned n_lengths = 0, n_codings = 0;
    *b = (struct tm_http_body){.kind = TM_HTTP_BODY_COUNTED};
    for (size_t i = 0; i < h->n_fields; i++) {
        const struct field *f = &h->field[i];
        if (is_word(f->name, "content-length")) {
            n_lengths++;
            if (n_lengths > 1 || !read_length(b, f->value))
                return TM_HTTP_BAD_REQUEST;
        } else if (is_word(f->name, "transfer-encoding")) {
            n_codings++;
            if (!is_word(f->value, "chunked"))
                return TM_HTTP_NOT_IMPLEMENTED;
        }
    }
    if (n_codings > 1 || (n_codings == 1 && (n_lengths > 0 || h->version.p[7] == '0')))
        return TM_HTTP_BAD_REQUEST;
    if (n_codings == 1)
        b->kind = TM_HTTP_BODY_CHUNKED;
    return TM_HTTP_OK;
}

static void put(struct tm_wr *w, const char *text)
{
    tm_wr_bytes(w, text, strlen(text));
}

static void put_view(struct tm_wr *w, struct tm_view v)
{
    tm_wr_bytes(w, v.p, v.len);
}

static void write_head(struct tm_wr *w, const struct head *h, struct tm_view authority,
                       struct tm_view path)
{
    put_view(w, h->method);
    put(w, " ");
    if (path.len == 0 && is_word(h->method, "options"))
        put(w, "*");
    else if (path.len == 0 || path.p[0] != '/')
        put(w, "/");
    put_view(w, path);
    put(w, " ");
    put_view(w, h->version);
    put(w, "\r\nHost: ");
    put_view(w, authority);
    put(w, "\r\n");
    for (size_t i = 0; i < h->n_fields; i++) {
        if (is_dropped(h, h->field[i].name))
            continue;
        put_view(w, h->field[i].line);
        put(w, "\r\n");
    }
    put(w, "Connection: close\r\n\r\n");
}

enum tm_http_status tm_http_request(struct tm_http_request *req, struct tm_wr *out,
                                    const uint8_t *p, size_t len)
{
    struct head h;
    struct tm_view authority = {0}, path = {0};
    enum tm_http_status status = read_head(&h, p, len);
    if (status != TM_HTTP_OK)
        return status;
    *req = (struct tm_http_request){.form = TM_HTTP_CONNECT};
    if (is_word(h.method, "connect"))
        return read_authority(&req->dest, h.target, 0) ? TM_HTTP_OK : TM_HTTP_BAD_REQUEST;
    req->form = TM_HTTP_ABSOLUTE;
    status = split_address(h.target, &authority, &path);
    if (status == TM_HTTP_OK)
        status = read_framing(&req->body, &h);
    if (status != TM_HTTP_OK)
        return status;
    if (!read_authority(&req->dest, authority, PORT_HTTP))
        return TM_HTTP_BAD_REQUEST;
    write_head(out, &h, authority, path);
    return tm_wr_ok(out) ? TM_HTTP_OK : TM_HTTP_TOO_LARGE;
}

/* ---- A server of our own ---- */

/* "0.75" in thousandths; 0 also for what is none. */
static unsigned read_quality(struct tm_view v)
{
    static const unsigned place[] = {1000, 0, 100, 10, 1};
    unsigned q = 0;
    if (v.len > sizeof place / sizeof place[0] || (v.len > 1 && v.p[1] != '.'))
        return 0;
    for (size_t i = 0; i < v.len; i++) {
        if (i == 1)
            continue;
        if (v.p[i] < '0' || v.p[i] > '9')
            return 0;
        q += place[i] * (unsigned)(v.p[i] - '0');
    }
    return q <= 1000 ? q : 0;
}

/* The quality, in thousandths, that a media range's parameters give it (RFC 9110 sec. 12.4.2); 0 also for one that is none. */
static unsigned quality(struct tm_view parameters)
{
    while (parameters.len > 0) {
        size_t end = find(parameters, ';');
        struct tm_view one = trim(part(parameters, 0, end));
        parameters = part(parameters, end < parameters.len ? end + 1 : end, parameters.len);
        if (one.len >= 3 && lower(one.p[0]) == 'q' && one.p[1] == '=')
            return read_quality(part(one, 2, one.len));
    }
    return 1000;
}

static void read_accept(struct tm_http_ask *ask, struct tm_view list)
{
    unsigned openmetrics = 0, text = 0;
    struct tm_view element;
    while (next_element(&list, &element)) {
        size_t end = find(element, ';');
        struct tm_view range = trim(part(element, 0, end));
        unsigned q = quality(part(element, end < element.len ? end + 1 : end, element.len));
        if (is_word(range, "application/openmetrics-text") && q > openmetrics)
            openmetrics = q;
        if (is_word(range, "text/plain") && q > text)
            text = q;
    }
    ask->wants_openmetrics = openmetrics > 0 && openmetrics >= text;
}

static bool is_host_local(struct tm_view v)
{
    static const uint8_t v6[16] = {[15] = 1};
    static const char name[] = "localhost";
    struct tm_dest d;
    if (!read_authority(&d, v, PORT_HTTP))
        return false;
    switch (d.kind) {
    case TM_ADDR_IPV4:
        return d.addr[0] == 127;
    case TM_ADDR_IPV6:
        return memcmp(d.addr, v6, sizeof v6) == 0;
    case TM_ADDR_NAME:
        return is_word((struct tm_view){d.addr, d.len}, name);
    }
    return false;
}

/* The fields that say something to us. */
static enum tm_http_status read_fields(struct tm_http_ask *ask, const struct head *h)
{
    for (size_t i = 0; i < h->n_fields; i++) {
        const struct field *f = &h->field[i];
        if (is_word(f->name, "host")) {
            if (ask->has_host)
                return TM_HTTP_BAD_REQUEST;
            ask->has_host = true;
            ask->is_host_local = is_host_local(f->value);
        } else if (is_word(f->name, "accept")) {
            read_accept(ask, f->value);
        }
    }
    return ask->has_host || h->version.p[7] == '0' ? TM_HTTP_OK : TM_HTTP_BAD_REQUEST;
}

enum tm_http_status tm_http_ask(struct tm_http_ask *ask, const uint8_t *p, size_t len)
{
    struct head h;
    struct tm_http_body body;
    enum tm_http_status status = read_head(&h, p, len);
    *ask = (struct tm_http_ask){0};
    if (status != TM_HTTP_OK)
        return status;
    ask->is_head = h.method.len == 4 && memcmp(h.method.p, "HEAD", 4) == 0;
    if (!ask->is_head && (h.method.len != 3 || memcmp(h.method.p, "GET", 3) != 0))
        return TM_HTTP_METHOD;
    if (h.target.p[0] != '/')
        return TM_HTTP_BAD_REQUEST;
    size_t end = find(h.target, '?');
    ask->path = part(h.target, 0, end);
    ask->query = part(h.target, end < h.target.len ? end + 1 : end, h.target.len);
    status = read_framing(&body, &h);
    if (status == TM_HTTP_OK && (body.kind != TM_HTTP_BODY_COUNTED || body.left > 0))
        status = TM_HTTP_CONTENT;
    return status == TM_HTTP_OK ? read_fields(ask, &h) : status;
}
