/* Writes a made scene as captures and labels: correlate_files DIR one-to-one|shuffled|scheduled FLOWS TUNNELS CARRIERS SEED. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/support/tunnel_gen.h"

int main(int argc, char **argv)
{
    static const char *const KINDS[] = {"one-to-one", "shuffled", "scheduled"};
    struct tunnel_gen_cfg cfg = {.span_us = 20000000, .jitter_us = 2000};
    struct tm_scene s;
    unsigned long v[4];
    unsigned kind = 0;
    while (argc == 7 && kind < 3 && strcmp(argv[2], KINDS[kind]) != 0)
        kind++;
    if (argc != 7 || kind == 3) {
        (void)fprintf(stderr,
                      "usage: %s DIR one-to-one|shuffled|scheduled FLOWS TUNNELS CARRIERS SEED\n",
                      argv[0]);
        return 2;
    }
    for (int i = 0; i < 4; i++)
        v[i] = strtoul(argv[3 + i], NULL, 10);
    cfg.kind = (enum tunnel_gen_kind)kind;
    cfg.n_flows = (uint32_t)v[0];
    cfg.n_tunnels = (uint32_t)v[1];
    cfg.n_carriers = (uint32_t)v[2];
    cfg.seed = v[3];
    if (cfg.n_flows == 0 || cfg.n_tunnels == 0 || (kind > 0 && cfg.n_carriers == 0))
        return 2;
    tunnel_gen_scene(&s, &cfg);
    int rc = tunnel_gen_write(&s, argv[1]);
    tm_scene_deinit(&s);
    return rc == 0 ? 0 : 1;
}
