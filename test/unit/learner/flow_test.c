#include "learner/flow.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"
#include "tm/base/time.h"

static struct tm_packet packet(unsigned src, unsigned src_port, unsigned dst, unsigned dst_port)
{
    struct tm_packet p = {.src_port = (uint16_t)src_port, .dst_port = (uint16_t)dst_port};
    memcpy(p.src, &src, sizeof src);
    memcpy(p.dst, &dst, sizeof dst);
    return p;
}

static struct tm_flow_key key(unsigned n)
{
    struct tm_packet p = packet(n, 1000 + n % 7, 0xffffff, 443);
    unsigned side;
    return tm_flow_key_of(&p, &side);
}

static struct tm_flow_table *table(uint32_t max_flows, uint64_t seed)
{
    struct tm_flow_cfg cfg = {
        .max_flows = max_flows, .linger_us = 60 * TM_US_PER_S, .hash_seed = seed};
    struct tm_flow_table *t = NULL;
    CHECK_INT(tm_flow_table_new(&t, &cfg), TM_OK);
    return t;
}

static struct tm_flow *add(struct tm_flow_table *t, unsigned n)
{
    struct tm_flow_key k = key(n);
    struct tm_flow *f = NULL;
    CHECK_INT(tm_flow_add(t, &k, tm_flow_hash(t, &k), &f), TM_OK);
    return f;
}

static struct tm_flow *find(struct tm_flow_table *t, unsigned n)
{
    struct tm_flow_key k = key(n);
    return tm_flow_find(t, &k, tm_flow_hash(t, &k));
}

static void both_directions_have_one_key(void)
{
    unsigned side_up;
    unsigned side_down;
    struct tm_packet up = packet(7, 5000, 3, 443);
    struct tm_packet down = packet(3, 443, 7, 5000);
    struct tm_flow_key a = tm_flow_key_of(&up, &side_up);
    struct tm_flow_key b = tm_flow_key_of(&down, &side_down);
    CHECK_MEM(&a, &b, sizeof a);
    CHECK(side_up != side_down);
    CHECK_INT(a.port[side_up], 5000);
}

static void one_address_talking_to_itself_keeps_its_sides(void)
{
    unsigned side_up;
    unsigned side_down;
    struct tm_packet up = packet(7, 5000, 7, 443);
    struct tm_packet down = packet(7, 443, 7, 5000);
    struct tm_flow_key a = tm_flow_key_of(&up, &side_up);
    struct tm_flow_key b = tm_flow_key_of(&down, &side_down);
    CHECK_MEM(&a, &b, sizeof a);
    CHECK(side_up != side_down);
}

static void ports_and_addresses_tell_flows_apart(void)
{
    struct tm_flow_table *t = table(10, 1);
    unsigned side;
    struct tm_packet p[] = {packet(1, 5, 2, 443), packet(1, 6, 2, 443), packet(1, 5, 2, 444),
                            packet(3, 5, 2, 443)};
    struct tm_flow *f;
    for (size_t i = 0; i < 4; i++) {
        struct tm_flow_key k = tm_flow_key_of(&p[i], &side);
        CHECK(tm_flow_find(t, &k, tm_flow_hash(t, &k)) == NULL);
        CHECK_INT(tm_flow_add(t, &k, tm_flow_hash(t, &k), &f), TM_OK);
    }
    CHECK_INT(tm_flow_count(t), 4);
    tm_flow_table_free(t);
}

static void full_table_names_the_flow_silent_for_longest(void)
{
    struct tm_flow_table *t = table(3, 1);
    for (unsigned n = 0; n < 3; n++)
        (void)add(t, n);
    CHECK(find(t, 0) != NULL); /* 1 is now the one not used for longest */
    struct tm_flow *v = tm_flow_victim(t, 0);
    CHECK(v == find(t, 1));
    tm_flow_remove(t, v);
    CHECK(tm_flow_victim(t, 0) == NULL);
    CHECK(find(t, 1) == NULL && find(t, 0) != NULL && find(t, 2) != NULL);
    tm_flow_table_free(t);
}

static void closed_flow_lingers_then_leaves(void)
{
    struct tm_flow_table *t = table(10, 1);
    (void)add(t, 0);
    tm_flow_close(t, add(t, 1), 5);
    tm_flow_close(t, find(t, 1), 999); /* again: nothing */
    CHECK(tm_flow_victim(t, 5 + 60 * TM_US_PER_S - 1) == NULL);
    CHECK(find(t, 1) != NULL);
    struct tm_flow *v = tm_flow_victim(t, 5 + 60 * TM_US_PER_S);
    CHECK(v != NULL && v == find(t, 1));
    tm_flow_table_free(t);
}

static void full_table_gives_up_closed_flows_first(void)
{
    struct tm_flow_table *t = table(2, 1);
    (void)add(t, 0);
    tm_flow_close(t, add(t, 1), 5);
    CHECK(tm_flow_victim(t, 6) == find(t, 1));
    tm_flow_table_free(t);
}

static void any_empties_the_table(void)
{
    struct tm_flow_table *t = table(5000, 1);
    struct tm_flow *f;
    size_t n = 0;
    for (unsigned i = 0; i < 3000; i++)
        (void)add(t, i);
    for (unsigned i = 0; i < 3000; i += 3)
        tm_flow_close(t, find(t, i), i);
    while ((f = tm_flow_any(t))) {
        tm_flow_remove(t, f);
        n++;
    }
    CHECK_INT(n, 3000);
    CHECK_INT(tm_flow_count(t), 0);
    tm_flow_table_free(t);
}

/* Against a plain array of what should be there; few enough keys that flows come and go in the
 * same cells. */
static void agrees_with_a_plain_list(void)
{
    enum { KEYS = 3000, STEPS = 200000 };
    static bool is_there[KEYS];
    memset(is_there, 0, sizeof is_there);
    struct tm_flow_table *t = table(KEYS, 42);
    uint32_t n = 0;
    unsigned r = 12345;
    for (size_t step = 0; step < STEPS; step++) {
        r = r * 1103515245 + 12345;
        unsigned k = r >> 8 & 0xffff;
        k %= KEYS;
        struct tm_flow *f = find(t, k);
        if ((f != NULL) != is_there[k]) {
            CHECK(0);
            break;
        }
        if (!f)
            f = add(t, k);
        else
            tm_flow_remove(t, f);
        is_there[k] = !is_there[k];
        n += is_there[k] ? 1 : (uint32_t)-1;
        if (is_there[k] && r % 5 == 0)
            tm_flow_close(t, f, 0);
    }
    CHECK_INT(tm_flow_count(t), n);
    for (unsigned k = 0; k < KEYS; k++) {
        if ((find(t, k) != NULL) != is_there[k])
            CHECK(0);
    }
    tm_flow_table_free(t);
}

static void order_of_leaving_does_not_depend_on_the_hash(void)
{
    struct tm_flow_table *a = table(100, 1);
    struct tm_flow_table *b = table(100, UINT64_C(0xfeedfacecafebeef));
    for (unsigned i = 0; i < 100; i++) {
        (void)add(a, i * 7);
        (void)add(b, i * 7);
    }
    for (unsigned i = 0; i < 100; i += 2) {
        (void)find(a, i * 7);
        (void)find(b, i * 7);
    }
    struct tm_flow *fa;
    while ((fa = tm_flow_victim(a, 0))) {
        struct tm_flow *fb = tm_flow_victim(b, 0);
        CHECK(fb != NULL);
        CHECK_MEM(&fa->key, &fb->key, sizeof fa->key);
        tm_flow_remove(a, fa);
        tm_flow_remove(b, fb);
    }
    tm_flow_table_free(a);
    tm_flow_table_free(b);
}

static void refuses_a_table_without_room(void)
{
    struct tm_flow_cfg cfg = {.max_flows = 0};
    struct tm_flow_table *t = NULL;
    CHECK_INT(tm_flow_table_new(&t, &cfg), TM_ERR_RANGE);
    CHECK(t == NULL);
}

static const struct check_case cases[] = {
    {"both_directions_have_one_key", both_directions_have_one_key},
    {"one_address_talking_to_itself_keeps_its_sides",
     one_address_talking_to_itself_keeps_its_sides},
    {"ports_and_addresses_tell_flows_apart", ports_and_addresses_tell_flows_apart},
    {"full_table_names_the_flow_silent_for_longest", full_table_names_the_flow_silent_for_longest},
    {"closed_flow_lingers_then_leaves", closed_flow_lingers_then_leaves},
    {"full_table_gives_up_closed_flows_first", full_table_gives_up_closed_flows_first},
    {"any_empties_the_table", any_empties_the_table},
    {"agrees_with_a_plain_list", agrees_with_a_plain_list},
    {"order_of_leaving_does_not_depend_on_the_hash", order_of_leaving_does_not_depend_on_the_hash},
    {"refuses_a_table_without_room", refuses_a_table_without_room},
};
CHECK_MAIN("flow", cases)
