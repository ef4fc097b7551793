/* tm/app/forward.c - see forward.h. */
#include "tm/app/forward.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LEFT_MAX (TM_ADDRESS_TEXT_MAX + TM_DOOR_PATH_MAX)

static const char prefix[] = TM_DEST_UNIX;

/* The path behind "unix:", or the text that begins with "/"; NULL: neither. */
static const char *path_of(const char *text)
{
    if (strncmp(text, prefix, sizeof prefix - 1) == 0)
        return text + sizeof prefix - 1;
    return text[0] == '/' ? text : NULL;
}

static bool is_path(const char *path)
{
    size_t len = strlen(path);
    if (path[0] != '/' || len < 2 || len >= TM_DOOR_PATH_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)path[i] < 0x20 || path[i] == 0x7f)
            return false;
    return true;
}

static int bad_path(const char *text, struct tm_msg *msg)
{
    return tm_msg_set(
        msg, TM_ERR_FORMAT,
        "'%.120s': the path of a unix socket begins with / and has less than %u bytes", text,
        TM_DOOR_PATH_MAX);
}

/* ---- Doors ---- */

/* The path's door, if the text is one's; 0: it is not. */
static int parse_path(struct tm_door *d, const char *text, struct tm_msg *msg)
{
    const char *path = path_of(text);
    memset(d, 0, sizeof *d);
    if (path == NULL)
        return 0;
    if (!is_path(path))
        return bad_path(text, msg);
    memcpy(d->path, path, strlen(path));
    return 1;
}

int tm_door_parse(struct tm_door *d, const char *text, struct tm_msg *msg)
{
    int rc = parse_path(d, text, msg);
    if (rc != 0)
        return rc < 0 ? rc : TM_OK;
    return tm_address_parse(&d->at, text, msg);
}

int tm_door_parse_dynamic(struct tm_door *d, const char *text, struct tm_msg *msg)
{
    char whole[TM_ADDRESS_TEXT_MAX + 16];
    int rc = parse_path(d, text, msg);
    if (rc != 0)
        return rc < 0 ? rc : TM_OK;
    int n =
        snprintf(whole, sizeof whole, "%s%s", strchr(text, ':') == NULL ? "127.0.0.1:" : "", text);
    if (n < 0 || (size_t)n >= sizeof whole || tm_address_parse(&d->at, whole, NULL) != TM_OK)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "'%.200s': write [BIND:]PORT, IPv6 addresses in brackets, or unix:/PATH",
                          text);
    return TM_OK;
}

void tm_door_print(char out[TM_ADDRESS_TEXT_MAX], const struct tm_door *d, uint16_t port)
{
    if (d->path[0] != '\0')
        snprintf(out, TM_ADDRESS_TEXT_MAX, "%s%s", prefix, d->path);
    else
        tm_address_print(out, d->at.host, port);
}

/* ---- Destinations ---- */

int tm_forward_dest(struct tm_dest *d, const char *text, struct tm_msg *msg)
{
    struct tm_address a;
    const char *path = path_of(text);
    if (path != NULL) {
        size_t len = strlen(path);
        if (!is_path(path))
            return bad_path(text, msg);
        *d = (struct tm_dest){.kind = TM_ADDR_NAME, .port = 1};
        d->len = (uint8_t)(sizeof prefix - 1 + len);
        memcpy(d->addr, prefix, sizeof prefix - 1);
        memcpy(d->addr + sizeof prefix - 1, path, len);
        return TM_OK;
    }
    int rc = tm_address_parse(&a, text, msg);
    if (rc == TM_OK && tm_address_dest(d, &a) != TM_OK)
        return tm_msg_set(msg, TM_ERR_FORMAT, "'%.200s' is no destination", text);
    return rc;
}

/* ---- Forwards ---- */

/* The colon that ends the first field of text, brackets respected; NULL when there is none. */
static const char *field_end(const char *text)
{
    if (text[0] == '[') {
        const char *close = strchr(text, ']');
        return close != NULL && close[1] == ':' ? close + 1 : NULL;
    }
    const char *path = path_of(text);
    return strchr(path != NULL ? path : text, ':');
}

/* Cuts what stands before the destination into left, which then is a door as -D spells it; NULL, or the destination. */
static const char *split(char left[LEFT_MAX], const char *text)
{
    const char *end = field_end(text);
    if (end == NULL)
        return NULL;
    bool is_whole = path_of(text) != NULL || strspn(text, "0123456789") == (size_t)(end - text);
    if (!is_whole || end == text) /* BIND, also an empty one */
        end = strchr(end + 1, ':');
    if (end == NULL || (size_t)(end - text) >= LEFT_MAX)
        return NULL;
    memcpy(left, text, (size_t)(end - text));
    left[end - text] = '\0';
    return end + 1;
}

int tm_forward_parse(struct tm_forward *f, const char *text, struct tm_msg *msg)
{
    char left[LEFT_MAX];
    const char *to = split(left, text);
    if (to == NULL || tm_door_parse_dynamic(&f->bind, left, NULL) != TM_OK ||
        tm_forward_dest(&f->dest, to, NULL) != TM_OK)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "'%.200s': write [BIND:]PORT:HOST:HOSTPORT, IPv6 addresses in brackets, "
                          "/PATH for [BIND:]PORT, or unix:/PATH for HOST:HOSTPORT",
                          text);
    return TM_OK;
}

/* Every address of the server: of both families. */
static bool read_bind(struct tm_dest *d, const struct tm_address *a)
{
    *d = (struct tm_dest){.kind = TM_ADDR_IPV6, .len = 16, .port = a->port};
    if (a->host[0] == '\0')
        return true;
    const char *host = strcmp(a->host, "localhost") == 0 ? "127.0.0.1" : a->host;
    if (inet_pton(AF_INET6, host, d->addr) == 1)
        return true;
    d->kind = TM_ADDR_IPV4;
    d->len = 4;
    return inet_pton(AF_INET, host, d->addr) == 1;
}

int tm_forward_parse_remote(struct tm_forward_remote *f, const char *text, struct tm_msg *msg)
{
    char left[LEFT_MAX];
    struct tm_door at;
    const char *to = split(left, text);
    if (to == NULL || tm_door_parse_dynamic(&at, left, NULL) != TM_OK || at.path[0] != '\0' ||
        !read_bind(&f->bind, &at.at) || tm_forward_dest(&f->dest, to, NULL) != TM_OK)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "'%.200s': write [BIND:]PORT:HOST:HOSTPORT; BIND is an address of the "
                          "server, localhost or *, IPv6 addresses in brackets",
                          text);
    return TM_OK;
}
