/* test/unit/core/hello_test.c - the reader of a raw ClientHello, on hellos put together here field by field.
 * (That it knows the hellos of the TLS library is tested in test/unit/net/tls_test.c.) */
#include "tm/core/hello.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

/* One field of the recipe changed makes one kind of stranger. */
struct recipe {
    uint8_t record_type;
    uint16_t record_version, legacy_version;
    uint8_t msg_type, sid_len;
    uint16_t suites[2];
    int suites_cut; /* bytes missing from the list of suites */
    bool compression;
    const char *name; /* NULL: no server_name */
    uint8_t name_type;
    uint16_t version;
    uint8_t psk_mode;
    uint16_t group;
    int n_shares, n_identities, n_binders;
    uint8_t binder_len;
    size_t id_len;
    uint16_t extra_ext; /* 0: none; sent before pre_shared_key */
    uint16_t last_ext;  /* 0: none; sent after pre_shared_key */
    bool psk;
    int list_lie, id_lie, msg_lie; /* added to a length */
    bool slack; /* an extension of its own behind the list of versions, inside that extension */
};

static const struct recipe ours = {
    .record_type = 22,
    .record_version = 0x0301,
    .legacy_version = 0x0303,
    .msg_type = 1,
    .sid_len = 32,
    .suites = {0x1301, 0x00ff},
    .name = "www.example.org",
    .version = 0x0304,
    .psk_mode = 1,
    .group = 0x001d,
    .n_shares = 1,
    .n_identities = 1,
    .n_binders = 1,
    .binder_len = 32,
    .id_len = 40,
    .psk = true,
};

static void fill(struct tm_wr *w, uint8_t first, size_t n)
{
    for (size_t i = 0; i < n; i++)
        tm_wr_u8(w, (uint8_t)(first + i));
}

/* Leaves two bytes for a length ... */
static size_t begin(struct tm_wr *w)
{
    tm_wr_u16(w, 0);
    return w->len;
}

/* ... and writes it there. */
static void end(struct tm_wr *w, size_t at, int lie)
{
    struct tm_wr len = tm_wr_init(w->p + at - 2, 2);
    tm_wr_u16(&len, (uint16_t)((int)(w->len - at) + lie));
}

static void put_name(struct tm_wr *w, const struct recipe *r)
{
    if (!r->name)
        return;
    tm_wr_u16(w, 0);
    size_t ext = begin(w);
    size_t list = begin(w);
    tm_wr_u8(w, r->name_type);
    tm_wr_u16(w, (uint16_t)strlen(r->name));
    tm_wr_bytes(w, r->name, strlen(r->name));
    end(w, list, 0);
    end(w, ext, 0);
}

static void put_psk(struct tm_wr *w, const struct recipe *r)
{
    tm_wr_u16(w, 41);
    size_t ext = begin(w);
    size_t list = begin(w);
    for (int i = 0; i < r->n_identities; i++) {
        tm_wr_u16(w, (uint16_t)((int)r->id_len + r->id_lie));
        fill(w, 0x40, r->id_len);
        tm_wr_u32(w, 0xa9e0a9e0);
    }
    end(w, list, r->list_lie);
    list = begin(w);
    for (int i = 0; i < r->n_binders; i++) {
        tm_wr_u8(w, r->binder_len);
        fill(w, 0xb0, r->binder_len);
    }
    end(w, list, 0);
    end(w, ext, 0);
}

static void put_exts(struct tm_wr *w, const struct recipe *r)
{
    size_t exts = begin(w);
    put_name(w, r);
    static const uint8_t groups[] = {0, 10, 0, 4, 0, 2, 0, 29};
    tm_wr_bytes(w, groups, sizeof groups);
    tm_wr_u16(w, 43);
    tm_wr_u16(w, r->slack ? 7 : 3);
    tm_wr_u8(w, 2);
    tm_wr_u16(w, r->version);
    if (r->slack)
        tm_wr_u32(w, 49U << 16);
    tm_wr_u16(w, 45);
    tm_wr_u16(w, 2);
    tm_wr_u8(w, 1);
    tm_wr_u8(w, r->psk_mode);
    tm_wr_u16(w, 51);
    size_t ext = begin(w);
    size_t list = begin(w);
    for (int i = 0; i < r->n_shares; i++) {
        tm_wr_u16(w, r->group);
        tm_wr_u16(w, 32);
        fill(w, 0x20, 32);
    }
    end(w, list, 0);
    end(w, ext, 0);
    if (r->extra_ext)
        tm_wr_u32(w, (uint32_t)r->extra_ext << 16);
    if (r->psk)
        put_psk(w, r);
    if (r->last_ext)
        tm_wr_u32(w, (uint32_t)r->last_ext << 16);
    end(w, exts, 0);
}

static size_t build(uint8_t *p, size_t cap, const struct recipe *r)
{
    struct tm_wr w = tm_wr_init(p, cap);
    tm_wr_u8(&w, r->record_type);
    tm_wr_u16(&w, r->record_version);
    size_t record = begin(&w);
    tm_wr_u8(&w, r->msg_type);
    tm_wr_u8(&w, 0);
    size_t msg = begin(&w);
    tm_wr_u16(&w, r->legacy_version);
    fill(&w, 0, 32);
    tm_wr_u8(&w, r->sid_len);
    fill(&w, 0x80, r->sid_len);
    size_t suites = begin(&w);
    tm_wr_u16(&w, r->suites[0]);
    tm_wr_u16(&w, r->suites[1]);
    w.len -= (size_t)r->suites_cut;
    end(&w, suites, 0);
    tm_wr_u8(&w, 1);
    tm_wr_u8(&w, r->compression);
    put_exts(&w, r);
    end(&w, msg, r->msg_lie);
    end(&w, record, 0);
    CHECK(tm_wr_ok(&w));
    return w.len;
}

/* Reads exactly-sized heap memory, so that a sanitizer sees a read past the end. */
static int read_exact(struct tm_hello *h, const uint8_t *p, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    if (!copy)
        abort();
    memcpy(copy, p, len);
    int rc = tm_hello_read(h, copy, len);
    free(copy);
    return rc;
}

/* The first prefix that is a stranger's, or len + 1 when none is; checks that it stays one and that no proper
 * prefix is complete. */
static size_t verdict_at(const uint8_t *p, size_t len)
{
    size_t at = len + 1;
    for (size_t n = 0; n <= len; n++) {
        struct tm_hello h;
        int rc = read_exact(&h, p, n);
        if (rc < 0 && at > len) {
            CHECK_INT(rc, TM_ERR_PROTO);
            at = n;
        }
        if (at <= len)
            CHECK_INT(rc, TM_ERR_PROTO);
        else
            CHECK_INT(rc, n < len ? 0 : (int)len);
    }
    return at;
}

static void fields_are_found(void)
{
    uint8_t p[1024];
    struct tm_hello h;
    size_t len = build(p, sizeof p, &ours);
    CHECK_INT(tm_hello_read(&h, p, len), len);
    CHECK_INT(h.sni.len, strlen(ours.name));
    CHECK_MEM(h.sni.p, ours.name, h.sni.len);
    CHECK_INT(h.identity.len, ours.id_len);
    CHECK_INT(h.identity.p[0], 0x40);
    CHECK_INT(h.age_off, h.identity.p + h.identity.len - p);
    CHECK_INT(p[h.age_off], 0xa9);
    CHECK_INT(h.binder.len, 32);
    CHECK_INT(h.binder.p[0], 0xb0);
    CHECK_INT(h.binder.p + 32 - p, len);
    CHECK_INT(h.bound.p - p, 5);
    CHECK_INT(5 + h.bound.len, len - 2 - 1 - 32);
    CHECK_INT(h.bound.len, h.age_off + 4 - 5);
}

static void name_is_optional(void)
{
    uint8_t p[1024];
    struct tm_hello h;
    struct recipe r = ours;
    r.name = NULL;
    size_t len = build(p, sizeof p, &r);
    CHECK_INT(tm_hello_read(&h, p, len), len);
    CHECK(h.sni.p == NULL && h.sni.len == 0);
}

static void every_identity_length_is_read(void)
{
    static uint8_t p[20000];
    for (size_t n = 1; n < 16000; n += n < 600 ? 1 : 997) {
        struct tm_hello h;
        struct recipe r = ours;
        r.id_len = n;
        size_t len = build(p, sizeof p, &r);
        CHECK_INT(tm_hello_read(&h, p, len), len);
        CHECK_INT(h.identity.len, n);
    }
    struct recipe r = ours;
    struct tm_hello h;
    r.id_len = 1;
    size_t rest = build(p, sizeof p, &r) - 1;
    r.id_len = TM_HELLO_RECORD_MAX - rest;
    CHECK_INT(build(p, sizeof p, &r), TM_HELLO_RECORD_MAX);
    CHECK_INT(tm_hello_read(&h, p, TM_HELLO_RECORD_MAX), TM_HELLO_RECORD_MAX);
    r.id_len++;
    CHECK_INT(tm_hello_read(&h, p, build(p, sizeof p, &r)), TM_ERR_PROTO);
}

static void every_prefix_needs_more_and_one_byte_more_is_a_stranger(void)
{
    uint8_t p[1024] = {0};
    size_t len = build(p, sizeof p, &ours);
    CHECK_INT(verdict_at(p, len), len + 1);
    struct tm_hello h;
    CHECK_INT(read_exact(&h, p, len + 1), TM_ERR_PROTO);
}

#define STRANGER(...)                                                                              \
    do {                                                                                           \
        struct recipe r = ours;                                                                    \
        __VA_ARGS__;                                                                               \
        size_t len = build(p, sizeof p, &r);                                                       \
        CHECK(verdict_at(p, len) <= len);                                                          \
    } while (0)

static void what_our_client_does_not_send_is_a_stranger(void)
{
    static uint8_t p[2048];
    static char long_name[300];
    memset(long_name, 'a', sizeof long_name - 1);
    STRANGER(r.record_type = 21);
    STRANGER(r.record_type = 23);
    STRANGER(r.record_version = 0x0303);
    STRANGER(r.record_version = 0x0300);
    STRANGER(r.msg_type = 2);
    STRANGER(r.msg_lie = 1);
    STRANGER(r.msg_lie = -1);
    STRANGER(r.legacy_version = 0x0301);
    STRANGER(r.sid_len = 0);
    STRANGER(r.sid_len = 31);
    STRANGER(r.suites[0] = 0x1302);
    STRANGER(r.suites_cut = 1);
    STRANGER(r.suites_cut = 4);
    STRANGER(r.compression = true);
    STRANGER(r.name = "");
    STRANGER(r.name_type = 1);
    STRANGER(r.name = long_name);
    STRANGER(r.version = 0x0303);
    STRANGER(r.slack = true);
    STRANGER(r.psk_mode = 0);
    STRANGER(r.group = 23);
    STRANGER(r.n_shares = 0);
    STRANGER(r.n_shares = 2);
    STRANGER(r.psk = false);
    STRANGER(r.n_identities = 0);
    STRANGER(r.n_identities = 2);
    STRANGER(r.n_identities = 2, r.n_binders = 2);
    STRANGER(r.n_binders = 0);
    STRANGER(r.n_binders = 2);
    STRANGER(r.binder_len = 48);
    STRANGER(r.id_len = 0);
    STRANGER(r.id_lie = 1);
    STRANGER(r.id_lie = -1);
    STRANGER(r.list_lie = 1);
    STRANGER(r.list_lie = -1);
    STRANGER(r.extra_ext = 42);     /* early data */
    STRANGER(r.extra_ext = 44);     /* cookie */
    STRANGER(r.extra_ext = 21);     /* padding */
    STRANGER(r.extra_ext = 0x0a0a); /* GREASE */
    STRANGER(r.extra_ext = 10);     /* twice */
    STRANGER(r.extra_ext = 41);
    STRANGER(r.last_ext = 16);
    STRANGER(r.psk = false, r.last_ext = 16);
}

static void known_extensions_are_accepted_in_front(void)
{
    static const uint16_t types[] = {11, 13, 16, 22, 23, 27, 35, 49, 50};
    uint8_t p[1024];
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct tm_hello h;
        struct recipe r = ours;
        r.extra_ext = types[i];
        size_t len = build(p, sizeof p, &r);
        CHECK_INT(tm_hello_read(&h, p, len), len);
    }
}

static void each_needed_extension_is_needed(void)
{
    uint8_t p[1024];
    struct tm_hello h;
    size_t len = build(p, sizeof p, &ours);
    CHECK_INT(tm_hello_read(&h, p, len), len);
    size_t psk_at = (size_t)(h.identity.p - p) - 8; /* its type is where it shows */
    /* rename the extensions 43, 45, 51 to ones that say nothing */
    static const uint8_t needed[][4] = {{0, 43, 0, 3}, {0, 45, 0, 2}, {0, 51, 0, 38}};
    for (size_t i = 0; i < 3; i++) {
        uint8_t *at = memmem(p, len, needed[i], 4);
        CHECK(at != NULL);
        if (!at)
            continue;
        at[1] = 50;
        CHECK_INT(verdict_at(p, len), psk_at + 2);
        at[1] = needed[i][1];
        CHECK_INT(tm_hello_read(&h, p, len), len);
    }
}

static void strangers_show_at_the_first_byte(void)
{
    static const struct {
        const char *bytes;
        size_t len, at;
    } probes[] = {
        {"GET / HTTP/1.1\r\n\r\n", 18, 1},
        {"SSH-2.0-x\r\n", 11, 1},
        {"\x15\x03\x01\x00\x02\x02\x28", 7, 1},         /* alert first */
        {"\x17\x03\x03\x00\x20", 5, 1},                 /* data first */
        {"\x80\x2e\x01\x00\x02", 5, 1},                 /* SSL 2 */
        {"\x16GET", 4, 2},                              /* type, then nonsense */
        {"\x16\x03\x03\x02\x00", 5, 3},                 /* record version of another library */
        {"\x16\x03\x01\xff\xff", 5, 4},                 /* record too long */
        {"\x16\x03\x01\x40\x01", 5, 5},                 /* by one */
        {"\x16\x03\x01\x00\x00", 5, 5},                 /* empty record */
        {"\x16\x03\x01\x00\x40", 5, 5},                 /* first fragment of a hello */
        {"\x16\x03\x01\x02\x00\x01\x00\x03", 8, 8},     /* message longer than the record */
        {"\x16\x03\x01\x02\x00\x01\x00\x01\xf9", 9, 9}, /* shorter */
        {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x01", 11, 11},
    };
    for (size_t i = 0; i < sizeof probes / sizeof probes[0]; i++)
        CHECK_INT(verdict_at((const uint8_t *)probes[i].bytes, probes[i].len), probes[i].at);
}

/* Any flip of a byte whose value is fixed shows at that very byte. */
static void flip_of_a_fixed_byte_shows_at_that_byte(void)
{
    uint8_t p[1024];
    size_t len = build(p, sizeof p, &ours);
    struct tm_hello h;
    CHECK_INT(tm_hello_read(&h, p, len), len);
    size_t id_at = (size_t)(h.identity.p - p);
    const size_t fixed[] = {0,
                            1,
                            2,
                            5,
                            6,
                            7,
                            8,
                            9,
                            10,
                            43,
                            id_at - 4,
                            id_at - 3,
                            id_at - 2,
                            id_at - 1,
                            h.age_off + 4,
                            h.age_off + 5,
                            h.age_off + 6};
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            p[fixed[i]] ^= (uint8_t)(1U << bit);
            CHECK_INT(verdict_at(p, len), fixed[i] + 1);
            p[fixed[i]] ^= (uint8_t)(1U << bit);
        }
    }
}

static void check_consistent(const struct tm_hello *h, const uint8_t *p, size_t len)
{
    CHECK(h->identity.p > p && h->identity.len >= 1);
    CHECK_INT(h->identity.p - p + (ptrdiff_t)h->identity.len, h->age_off);
    CHECK_INT(h->age_off + 4 + 3 + 32, len);
    CHECK_INT(h->bound.len, h->age_off + 4 - 5);
    CHECK(h->sni.len == 0 || (h->sni.p > p && h->sni.p + h->sni.len < h->identity.p));
}

static void one_bit_flips_keep_the_verdict_monotonic(void)
{
    uint8_t p[1024];
    size_t len = build(p, sizeof p, &ours);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        struct tm_hello h;
        p[bit / 8] ^= (uint8_t)(1U << bit % 8);
        bool stranger = verdict_at(p, len) <= len;
        int rc = tm_hello_read(&h, p, len);
        CHECK_INT(rc < 0, stranger);
        if (rc > 0)
            check_consistent(&h, p, len);
        p[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static void two_bit_flips_give_consistent_views_or_a_stranger(void)
{
    uint8_t p[1024];
    struct recipe r = ours;
    r.id_len = 2;
    r.name = "a";
    size_t len = build(p, sizeof p, &r);
    size_t n_ours = 0;
    for (size_t a = 0; a < 8 * len; a++) {
        p[a / 8] ^= (uint8_t)(1U << a % 8);
        for (size_t b = a + 1; b < 8 * len; b++) {
            struct tm_hello h;
            p[b / 8] ^= (uint8_t)(1U << b % 8);
            int rc = tm_hello_read(&h, p, len);
            if (rc > 0) {
                n_ours++;
                if (h.age_off + 4 + 3 + 32 != len || h.identity.len == 0)
                    check_consistent(&h, p, len);
            } else if (rc != TM_ERR_PROTO && rc != 0) {
                CHECK_INT(rc, TM_ERR_PROTO);
            }
            p[b / 8] ^= (uint8_t)(1U << b % 8);
        }
        p[a / 8] ^= (uint8_t)(1U << a % 8);
    }
    CHECK(n_ours > 0);
}

static const struct check_case cases[] = {
    {"fields_are_found", fields_are_found},
    {"name_is_optional", name_is_optional},
    {"every_identity_length_is_read", every_identity_length_is_read},
    {"every_prefix_needs_more_and_one_byte_more_is_a_stranger",
     every_prefix_needs_more_and_one_byte_more_is_a_stranger},
    {"what_our_client_does_not_send_is_a_stranger", what_our_client_does_not_send_is_a_stranger},
    {"known_extensions_are_accepted_in_front", known_extensions_are_accepted_in_front},
    {"each_needed_extension_is_needed", each_needed_extension_is_needed},
    {"strangers_show_at_the_first_byte", strangers_show_at_the_first_byte},
    {"flip_of_a_fixed_byte_shows_at_that_byte", flip_of_a_fixed_byte_shows_at_that_byte},
    {"one_bit_flips_keep_the_verdict_monotonic", one_bit_flips_keep_the_verdict_monotonic},
    {"two_bit_flips_give_consistent_views_or_a_stranger",
     two_bit_flips_give_consistent_views_or_a_stranger},
};
CHECK_MAIN("hello", cases)
