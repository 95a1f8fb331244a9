/*
 * make_captures: writes a capture of VXLAN traffic whose every number is set by its options.
 *
 *   make_captures -o FILE -n FRAMES -m imix|small|LENGTH -f FLOWS -v VNIS -t VTEPS [-s SEED]
 *
 * Classic pcap, little-endian, microseconds, Ethernet: one frame a microsecond. Every frame is
 * Ethernet / IPv4 / UDP 4789 / VXLAN around Ethernet / IPv4 / TCP (four in five connections) or UDP.
 * LENGTH is that of the inner frame, 54 to 9000; imix is 7 of 64, 4 of 576 and 1 of 1500 bytes, small is 64.
 * FLOWS are one-way: flows 2k and 2k+1 are the two directions of connection k. Which flow a frame
 * belongs to is drawn evenly, so that a table larger than the cache has no friendly order to live on.
 * The same options give the same bytes.
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    RECORD_HEADER = 16,
    ETHERNET = 14,
    IPV4 = 20,
    UDP = 8,
    TCP = 20,
    VXLAN = 8,
    OUTER = ETHERNET + IPV4 + UDP + VXLAN,
    MIN_INNER = ETHERNET + IPV4 + TCP,
    MAX_INNER = 9000,
    SNAPLEN = 262144,
    FIRST_VNI = 10000,
    VXLAN_PORT = 4789,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    TCP_SYN = 0x02,
    TCP_PSH = 0x08,
    TCP_ACK = 0x10,
    FILLER = 1 << 15,
};

#define EPOCH_SECONDS 1700000000u
#define OUTER_NET 0xc0a80001u /* 192.168.0.1: VTEP 0 */
#define INNER_NET 0x0a000000u /* 10.0.0.0/8 opens connections to 172.16.0.0/12 */
#define INNER_PEER_NET 0xac100000u

struct options {
    const char *path;
    const char *mix;
    uint64_t frames;
    uint32_t flows, vnis, vteps;
    uint64_t seed;
};

/* One direction of a connection. */
struct flow {
    uint32_t source, destination;
    uint32_t vni;
    uint32_t sequence;
    uint16_t source_port, destination_port;
    uint16_t source_vtep, destination_vtep;
    uint16_t outer_source_port;
    uint16_t identification;
    uint8_t protocol;
    bool started;
};

static uint64_t random_state;

/* SplitMix64: small, fast, and the same everywhere. */
static uint64_t next_random(void)
{
    uint64_t z = (random_state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint32_t random_below(uint32_t bound)
{
    return (uint32_t)(((next_random() >> 32) * bound) >> 32);
}

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

/* RFC 1071. `sum` carries in the pseudo header's words. */
static uint16_t internet_checksum(const uint8_t *bytes, uint32_t length, uint64_t sum)
{
    for (; length >= 2; length -= 2, bytes += 2)
        sum += (uint32_t)bytes[0] << 8 | bytes[1];
    if (length)
        sum += (uint32_t)bytes[0] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static uint64_t pseudo_header(const struct flow *flow, uint32_t l4_length)
{
    return (flow->source >> 16) + (flow->source & 0xffff) + (flow->destination >> 16) +
           (flow->destination & 0xffff) + flow->protocol + l4_length;
}

/* Assignments one by one: C leaves the order of calls within an initialiser open, and the bytes must not. */
static struct flow new_direction(uint32_t vni, uint8_t protocol)
{
    struct flow flow = {.vni = vni, .protocol = protocol};
    flow.sequence = (uint32_t)next_random();
    flow.identification = (uint16_t)next_random();
    flow.outer_source_port = (uint16_t)(49152 + random_below(16384));
    return flow;
}

/* Multiplying by the golden ratio spreads the openers' addresses: no two of the first million are the same. */
static void open_connection(struct flow *out, struct flow *back, uint32_t number, const struct options *options)
{
    uint32_t vni = FIRST_VNI + number % options->vnis;
    uint32_t vtep = number / options->vnis % options->vteps;
    uint32_t other_vteps = options->vteps > 1 ? options->vteps - 1 : 1;
    uint8_t protocol = random_below(5) ? PROTOCOL_TCP : PROTOCOL_UDP;
    *out = new_direction(vni, protocol);
    *back = new_direction(vni, protocol);

    out->source = INNER_NET | (number * 2654435761u) >> 8;
    out->destination = INNER_PEER_NET | random_below(1 << 20);
    out->source_port = (uint16_t)(32768 + random_below(28000));
    out->destination_port = (uint16_t)(20000 + random_below(1000));
    out->source_vtep = (uint16_t)vtep;
    out->destination_vtep = (uint16_t)((vtep + 1 + random_below(other_vteps)) % options->vteps);

    back->source = out->destination;
    back->destination = out->source;
    back->source_port = out->destination_port;
    back->destination_port = out->source_port;
    back->source_vtep = out->destination_vtep;
    back->destination_vtep = out->source_vtep;
}

static void write_ethernet(uint8_t *at, uint16_t prefix, uint32_t destination, uint32_t source)
{
    put16(at, prefix);
    put32(at + 2, destination);
    put16(at + 6, prefix);
    put32(at + 8, source);
    put16(at + 12, 0x0800);
}

static void write_ipv4(uint8_t *at, uint32_t length, uint16_t identification, uint8_t protocol, uint32_t source,
                       uint32_t destination)
{
    put16(at, 0x4500);
    put16(at + 2, length);
    put16(at + 4, identification);
    put16(at + 6, 0x4000); /* DF, as VTEPs set it */
    at[8] = 64;
    at[9] = protocol;
    put16(at + 10, 0);
    put32(at + 12, source);
    put32(at + 16, destination);
    put16(at + 10, internet_checksum(at, IPV4, 0));
}

/* `length` is the inner frame's. The UDP checksum stays 0: RFC 7348 section 5. */
static void write_outer(uint8_t *at, const struct flow *flow, uint32_t length, uint16_t identification)
{
    uint32_t ip_length = OUTER - ETHERNET + length;
    write_ethernet(at, 0x0200, flow->destination_vtep, flow->source_vtep);
    write_ipv4(at + ETHERNET, ip_length, identification, PROTOCOL_UDP, OUTER_NET + flow->source_vtep,
               OUTER_NET + flow->destination_vtep);
    uint8_t *udp = at + ETHERNET + IPV4;
    put16(udp, flow->outer_source_port);
    put16(udp + 2, VXLAN_PORT);
    put16(udp + 4, ip_length - IPV4);
    put16(udp + 6, 0);
    put32(udp + UDP, 0x08000000);
    put32(udp + UDP + 4, flow->vni << 8);
}

/* A direction opens with SYN, or with SYN and ACK when the other side was first. */
static void write_tcp(uint8_t *at, struct flow *flow, const struct flow *other, uint32_t l4_length)
{
    uint8_t flags = flow->started ? TCP_PSH | TCP_ACK : other->started ? TCP_SYN | TCP_ACK : TCP_SYN;
    put32(at + 4, flow->sequence);
    put32(at + 8, flags & TCP_ACK ? other->sequence : 0);
    at[12] = TCP / 4 << 4;
    at[13] = flags;
    put16(at + 14, 65535);
    put32(at + 16, 0);
    put16(at + 16, internet_checksum(at, l4_length, pseudo_header(flow, l4_length)));
    flow->sequence += l4_length - TCP + !flow->started;
}

static void write_udp(uint8_t *at, const struct flow *flow, uint32_t l4_length)
{
    put16(at + 4, l4_length);
    put16(at + 6, 0);
    uint16_t checksum = internet_checksum(at, l4_length, pseudo_header(flow, l4_length));
    put16(at + 6, checksum ? checksum : 0xffff); /* RFC 768: 0 would mean "none" */
}

static void write_inner(uint8_t *at, struct flow *flow, const struct flow *other, uint32_t length,
                        const uint8_t *filler)
{
    uint32_t l4_length = length - ETHERNET - IPV4;
    uint8_t *l4 = at + ETHERNET + IPV4;
    write_ethernet(at, 0x0210, flow->destination, flow->source);
    write_ipv4(at + ETHERNET, length - ETHERNET, flow->identification++, flow->protocol, flow->source,
               flow->destination);
    memcpy(l4, filler, l4_length);
    put16(l4, flow->source_port);
    put16(l4 + 2, flow->destination_port);
    if (flow->protocol == PROTOCOL_TCP)
        write_tcp(l4, flow, other, l4_length);
    else
        write_udp(l4, flow, l4_length);
    flow->started = true;
}

static uint32_t inner_length(const char *mix)
{
    if (!strcmp(mix, "small"))
        return 64;
    if (strcmp(mix, "imix"))
        return (uint32_t)strtoul(mix, NULL, 10);
    uint32_t draw = random_below(12);
    return draw < 7 ? 64 : draw < 11 ? 576 : 1500;
}

/* pcap's own fields are in the host's order, which the yardstick too takes to be little-endian. */
static void write_capture(FILE *file, struct flow *flows, const struct options *options, const uint8_t *filler)
{
    uint32_t file_header[] = {0xa1b2c3d4, 4u << 16 | 2, 0, 0, SNAPLEN, 1};
    fwrite(file_header, sizeof file_header, 1, file);
    for (uint64_t i = 0; i < options->frames; i++) {
        uint8_t record[RECORD_HEADER + OUTER + MAX_INNER];
        uint32_t which = random_below(options->flows);
        struct flow *flow = &flows[which];
        uint32_t inner = inner_length(options->mix);
        uint32_t length = OUTER + inner;
        uint32_t header[] = {EPOCH_SECONDS + (uint32_t)(i / 1000000), (uint32_t)(i % 1000000), length, length};
        memcpy(record, header, sizeof header);
        write_outer(record + RECORD_HEADER, flow, inner, (uint16_t)i);
        write_inner(record + RECORD_HEADER + OUTER, flow, &flows[which ^ 1], inner,
                    filler + random_below(FILLER - MAX_INNER));
        fwrite(record, RECORD_HEADER + length, 1, file);
    }
}

static bool read_options(int argc, char **argv, struct options *options)
{
    *options = (struct options){.mix = "imix", .frames = 1000000, .flows = 1000, .vnis = 16, .vteps = 8, .seed = 1};
    for (int option; (option = getopt(argc, argv, "o:m:n:f:v:t:s:")) != -1;) {
        switch (option) {
        case 'o': options->path = optarg; break;
        case 'm': options->mix = optarg; break;
        case 'n': options->frames = strtoull(optarg, NULL, 10); break;
        case 'f': options->flows = (uint32_t)strtoul(optarg, NULL, 10); break;
        case 'v': options->vnis = (uint32_t)strtoul(optarg, NULL, 10); break;
        case 't': options->vteps = (uint32_t)strtoul(optarg, NULL, 10); break;
        case 's': options->seed = strtoull(optarg, NULL, 10); break;
        default: return false;
        }
    }
    uint32_t length = inner_length(options->mix);
    options->flows += options->flows & 1;
    return options->path && length >= MIN_INNER && length <= MAX_INNER && options->flows && options->vnis &&
           options->vteps && options->vteps <= UINT16_MAX;
}

int main(int argc, char **argv)
{
    struct options options;
    if (!read_options(argc, argv, &options)) {
        fprintf(stderr, "usage: make_captures -o FILE -n FRAMES -m imix|small|54..9000 -f FLOWS -v VNIS -t VTEPS"
                        " [-s SEED]\n");
        return 2;
    }
    random_state = options.seed;
    static uint8_t filler[FILLER];
    for (size_t i = 0; i < sizeof filler; i++)
        filler[i] = (uint8_t)next_random();
    struct flow *flows = calloc(options.flows, sizeof *flows);
    FILE *file = fopen(options.path, "wb");
    if (!flows || !file) {
        perror(options.path);
        return 1;
    }
    for (uint32_t k = 0; k < options.flows / 2; k++)
        open_connection(&flows[2 * k], &flows[2 * k + 1], k, &options);
    write_capture(file, flows, &options, filler);
    free(flows);
    bool failed = ferror(file);
    if (fclose(file) || failed) {
        perror(options.path);
        return 1;
    }
    return 0;
}
