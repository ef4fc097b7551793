/* Which strings are machines: the vectors of the crate (data/maybenot/accept_reject.json.gz), large machines that their recipes describe,
 * and mutations of good strings and bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <zlib.h>

#include "models/maybenot/machine.h"
#include "models/maybenot/machine_build.h"
#include "models/maybenot/machine_bytes.h"
#include "test/support/check.h"
#include "test/unit/models/maybenot/vectors.h"

#define NOOP "02eNpjYEAHjOgCAAA0AAI="

enum { N_CASES = 99, N_NAN = 7, N_RECIPES = 15 };

static int parse_status(const char *text, size_t len)
{
    /* In exactly as much memory, so that a sanitizer sees a read past the end. */
    char *exact = malloc(len > 0 ? len : 1);
    struct tm_mb_machine *m = NULL;
    struct tm_msg msg = {""};
    CHECK(exact != NULL);
    if (!exact)
        return TM_ERR_NOMEM;
    memcpy(exact, text, len);
    const int rc = tm_mb_machine_parse(&m, exact, len, &msg);
    CHECK((rc == TM_OK) == (m != NULL));
    CHECK(rc == TM_OK || msg.text[0] != '\0');
    CHECK(rc == TM_OK || rc == TM_ERR_FORMAT || rc == TM_ERR_RANGE || rc == TM_ERR_UNSUPPORTED);
    tm_mb_machine_free(m);
    free(exact);
    return rc;
}

/* The crate accepts NaN in these; here they are out of range (dist.h, machine.h). */
static bool is_nan_exception(const char *name)
{
    static const char *const names[] = {
        "max_padding_frac nan", "max_blocking_frac nan", "trans nan",
        "dist start nan",       "dist normal mean nan",  "dist skew loc nan",
        "dist lognormal mu nan"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static void the_crate_s_strings_are_accepted_and_refused_alike(void)
{
    struct tree *all = tree_load(VECTORS "accept_reject.json.gz");
    const struct tree *strings = tree_member(all, "cases");
    size_t n_nan = 0;
    CHECK_INT(tree_count(strings), N_CASES);
    for (const struct tree *t = tree_at(strings, 0); t; t = t->next) {
        const char *text = tree_text(tree_member(t, "string"));
        const char *name = tree_text(tree_member(t, "name"));
        const int rc = parse_status(text, strlen(text));
        const bool is_ok = tree_is_true(tree_member(t, "ok"));
        if (is_nan_exception(name)) {
            n_nan++;
            CHECK(is_ok);
            CHECK_INT(rc, TM_ERR_RANGE);
            continue;
        }
        if ((rc == TM_OK) != is_ok)
            (void)fprintf(stderr, "%s: %s\n", name, tm_strerror(rc));
        CHECK_INT(rc == TM_OK, is_ok);
    }
    CHECK_INT(n_nan, N_NAN);
    tree_free(all);
}

static void reasons_tell_what_is_wrong(void)
{
    CHECK_INT(parse_status("", 0), TM_ERR_FORMAT);
    CHECK_INT(parse_status("03eNpjYEAHjOgCAAA0AAI=", strlen(NOOP)), TM_ERR_UNSUPPORTED);
    CHECK_INT(parse_status("02====", 6), TM_ERR_FORMAT);
    CHECK_INT(parse_status(NOOP "\0", strlen(NOOP) + 1), TM_ERR_FORMAT);
    CHECK_INT(parse_status(NOOP, strlen(NOOP)), TM_OK);
}

/* "02" and base64 of the zlib stream of `raw`, by the library's own means. */
static char *string_of(const uint8_t *raw, size_t len, int level)
{
    uLongf n = compressBound(len);
    uint8_t *packed = malloc(n);
    char *text = malloc((n + 2) / 3 * 4 + 3);
    CHECK(packed != NULL && text != NULL);
    if (!packed || !text) {
        free(packed);
        free(text);
        return NULL;
    }
    CHECK_INT(compress2(packed, &n, raw, len, level), Z_OK);
    memcpy(text, "02", 2);
    (void)EVP_EncodeBlock((uint8_t *)text + 2, packed, (int)n);
    free(packed);
    return text;
}

/* A machine of n states; with `pads` each pads after a time that does not compress to nothing.  In the vectors the times are random;
 * here they are from a fixed generator, so that compressed lengths are near theirs, not equal. */
static uint8_t *large_blob(size_t n, bool pads, size_t *len)
{
    struct tm_mb_machine *m = tm_mb_machine_new();
    uint8_t *blob = malloc((size_t)2 << 20);
    struct tm_mb_rng rng;
    tm_mb_rng_init_xoshiro(&rng, 1);
    CHECK(m != NULL && blob != NULL);
    for (size_t i = 0; i < n; i++) {
        struct tm_mb_state *s;
        struct tm_mb_dist d = {.kind = TM_MB_UNIFORM};
        CHECK_INT(tm_mb_build_state(m, &s), TM_OK);
        if (!pads)
            continue;
        d.of.uniform.low = (double)(tm_mb_rng_u64(&rng) & 0xffff);
        d.of.uniform.high = 2e6;
        s->ask = TM_MB_ASK_SEND_PADDING;
        CHECK_INT(tm_mb_build_dist(m, &d, &s->timeout), TM_OK);
    }
    struct tm_wr w = tm_wr_init(blob, (size_t)2 << 20);
    tm_mb_machine_encode(m, &w);
    CHECK(tm_wr_ok(&w));
    *len = w.len;
    tm_mb_machine_free(m);
    return blob;
}

/* Recipes "N states, each SendPadding Uniform(rand,2e6)" and "N empty states": their lengths before compression say that the
 * machines are those of the vectors. */
static void large_machines_are_accepted_and_refused_alike(void)
{
    struct tree *all = tree_load(VECTORS "accept_reject.json.gz");
    const struct tree *recipes = tree_member(all, "large_recipes");
    CHECK_INT(tree_count(recipes), N_RECIPES);
    for (const struct tree *t = tree_at(recipes, 0); t; t = t->next) {
        const char *recipe = tree_text(tree_member(t, "recipe"));
        size_t len = 0;
        uint8_t *blob = large_blob(strtoul(recipe, NULL, 10), !strstr(recipe, "empty"), &len);
        CHECK_INT(len, tree_whole(tree_member(t, "raw_len")));
        char *text = string_of(blob, len, 6);
        if (text)
            CHECK_INT(parse_status(text, strlen(text)) == TM_OK,
                      tree_is_true(tree_member(t, "ok")));
        free(text);
        free(blob);
    }
    tree_free(all);
}

/* 700 stored states fill 37,000 bytes, of which only 32,768 are looked at; 600 fit. */
static void no_more_than_32_kib_of_compressed_bytes_are_looked_at(void)
{
    size_t len = 0;
    uint8_t *blob = large_blob(600, true, &len);
    char *text = string_of(blob, len, 0);
    CHECK_INT(parse_status(text, strlen(text)), TM_OK);
    free(text);
    free(blob);
    blob = large_blob(700, true, &len);
    text = string_of(blob, len, 0);
    CHECK_INT(parse_status(text, strlen(text)), TM_ERR_FORMAT);
    free(text);
    text = string_of(blob, len, 9);
    CHECK_INT(parse_status(text, strlen(text)), TM_OK);
    free(text);
    free(blob);
}

static void a_serialised_machine_is_read_back(void)
{
    struct tree *all = tree_load(VECTORS "machines.json.gz");
    for (const struct tree *t = tree_at(all, 0); t; t = t->next) {
        const char *text = tree_text(tree_member(t, "string"));
        struct tm_mb_machine *first = NULL, *second = NULL;
        char *again = NULL;
        CHECK_INT(tm_mb_machine_parse(&first, text, strlen(text), NULL), TM_OK);
        CHECK_INT(tm_mb_machine_text(&again, first), TM_OK);
        CHECK_INT(tm_mb_machine_parse(&second, again, strlen(again), NULL), TM_OK);
        CHECK(same_machine(first, second));
        free(again);
        tm_mb_machine_free(first);
        tm_mb_machine_free(second);
    }
    tree_free(all);
}

static void what_the_parser_would_refuse_is_not_serialised(void)
{
    struct tm_mb_machine *m = tm_mb_machine_new();
    struct tm_mb_state *s;
    char *text = NULL;
    for (size_t i = 0; i < 70000; i++) /* 16 bytes each: beyond 1 MiB */
        CHECK_INT(tm_mb_build_state(m, &s), TM_OK);
    CHECK_INT(tm_mb_machine_validate(m, NULL), TM_OK);
    CHECK_INT(tm_mb_machine_text(&text, m), TM_ERR_LIMIT);
    CHECK(text == NULL);
    m->n_states = 60000;
    CHECK_INT(tm_mb_machine_text(&text, m), TM_OK);
    CHECK_INT(parse_status(text, strlen(text)), TM_OK);
    free(text);
    tm_mb_machine_free(m);
}

/* Decodes and validates bytes in exactly as much memory; what is accepted must encode and decode to itself. */
static int bytes_status(const uint8_t *bytes, size_t len)
{
    struct tm_mb_machine *m = tm_mb_machine_new(), *again = tm_mb_machine_new();
    uint8_t *exact = malloc(len > 0 ? len : 1), *out = malloc(len > 0 ? len : 1);
    CHECK(m != NULL && again != NULL && exact != NULL && out != NULL);
    memcpy(exact, bytes, len);
    int rc = tm_mb_machine_decode(m, exact, len, NULL);
    if (rc == TM_OK)
        rc = tm_mb_machine_validate(m, NULL);
    CHECK(rc == TM_OK || rc == TM_ERR_FORMAT || rc == TM_ERR_RANGE);
    if (rc == TM_OK) {
        struct tm_wr w = tm_wr_init(out, len); /* never longer: the shortest integers */
        tm_mb_machine_encode(m, &w);
        CHECK(tm_wr_ok(&w));
        CHECK_INT(tm_mb_machine_decode(again, out, w.len, NULL), TM_OK);
        CHECK(same_machine(m, again));
    }
    tm_mb_machine_free(m);
    tm_mb_machine_free(again);
    free(exact);
    free(out);
    return rc;
}

static size_t good_bytes(const char *want, uint8_t *out, size_t cap)
{
    struct tree *all = tree_load(VECTORS "machines.json.gz");
    size_t len = 0;
    for (const struct tree *t = tree_at(all, 0); t; t = t->next) {
        const char *text = tree_text(tree_member(t, "string"));
        struct tm_mb_machine *m = NULL;
        if (strcmp(tree_text(tree_member(t, "name")), want) != 0)
            continue;
        CHECK_INT(tm_mb_machine_parse(&m, text, strlen(text), NULL), TM_OK);
        struct tm_wr w = tm_wr_init(out, cap);
        tm_mb_machine_encode(m, &w);
        len = w.len;
        tm_mb_machine_free(m);
    }
    CHECK(len > 0);
    tree_free(all);
    return len;
}

/* Every bit, every byte and every length of two machines that have all parts. */
static void mutate_bytes(const char *name)
{
    uint8_t good[2048];
    const size_t len = good_bytes(name, good, sizeof good);
    CHECK_INT(bytes_status(good, len), TM_OK);
    for (size_t i = 0; i < len; i++) {
        CHECK_INT(bytes_status(good, i), TM_ERR_FORMAT);
        const uint8_t old = good[i];
        for (int bit = 0; bit < 8; bit++) {
            good[i] = (uint8_t)(old ^ 1 << bit);
            (void)bytes_status(good, len);
        }
        static const uint8_t marks[] = {0, 1, 2, 250, 251, 252, 253, 254, 255};
        for (size_t k = 0; k < sizeof marks; k++) {
            good[i] = marks[k];
            (void)bytes_status(good, len);
        }
        good[i] = old;
    }
    good[len] = 0;
    CHECK_INT(bytes_status(good, len + 1), TM_ERR_FORMAT);
}

static void mutated_bytes_are_refused_or_are_another_machine(void)
{
    mutate_bytes("hand-all-actions");
    mutate_bytes("break_pad_server #0");
}

/* Two flipped bits of a small one. */
static void pairs_of_flipped_bits_are_refused_or_are_another_machine(void)
{
    uint8_t good[2048];
    const size_t len = good_bytes("noop #0", good, sizeof good);
    for (size_t i = 0; i < 8 * len; i++)
        for (size_t k = 0; k < i; k++) {
            good[i / 8] ^= (uint8_t)(1 << i % 8);
            good[k / 8] ^= (uint8_t)(1 << k % 8);
            (void)bytes_status(good, len);
            good[i / 8] ^= (uint8_t)(1 << i % 8);
            good[k / 8] ^= (uint8_t)(1 << k % 8);
        }
    CHECK_INT(bytes_status(good, len), TM_OK);
}

static void mutated_strings_are_refused_or_are_another_machine(void)
{
    char text[] = NOOP;
    const size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        const char old = text[i];
        for (int c = 0; c < 256; c++) {
            text[i] = (char)c;
            const int rc = parse_status(text, len);
            CHECK(i >= 2 || c == old || rc != TM_OK);
        }
        text[i] = old;
        /* In whole groups of four characters: only the checksum (18) and the mark of the block's end (14) may be missing. */
        CHECK_INT(parse_status(text, i) == TM_OK, i == 14 || i == 18);
    }
}

static const struct check_case cases[] = {
    {"the_crate_s_strings_are_accepted_and_refused_alike",
     the_crate_s_strings_are_accepted_and_refused_alike},
    {"reasons_tell_what_is_wrong", reasons_tell_what_is_wrong},
    {"large_machines_are_accepted_and_refused_alike",
     large_machines_are_accepted_and_refused_alike},
    {"no_more_than_32_kib_of_compressed_bytes_are_looked_at",
     no_more_than_32_kib_of_compressed_bytes_are_looked_at},
    {"a_serialised_machine_is_read_back", a_serialised_machine_is_read_back},
    {"what_the_parser_would_refuse_is_not_serialised",
     what_the_parser_would_refuse_is_not_serialised},
    {"mutated_bytes_are_refused_or_are_another_machine",
     mutated_bytes_are_refused_or_are_another_machine},
    {"pairs_of_flipped_bits_are_refused_or_are_another_machine",
     pairs_of_flipped_bits_are_refused_or_are_another_machine},
    {"mutated_strings_are_refused_or_are_another_machine",
     mutated_strings_are_refused_or_are_another_machine},
};

CHECK_MAIN("maybenot/string", cases)
