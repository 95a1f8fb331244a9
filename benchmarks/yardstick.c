/*
 * yardstick: the least that a program can do to know the flows of a VXLAN capture, as a measure for vxinspect.
 *
 *   yardstick CAPTURE
 *
 * Reads classic pcap (little-endian, microseconds, Ethernet) in pieces of 256 KiB, walks the outer and the
 * inner headers with every length checked, and keeps one table: (VNI, inner 5-tuple) -> frames, bytes, first
 * and last time. No IPv6, no statistics of tunnels, MACs or TCP. Prints one line of JSON.
 *
 * The captures are far larger than the processor's caches and their flows come in no order, so what costs
 * time is waiting for memory. Two things keep that short: a read buffer small enough to stay in the L2 cache,
 * and batches: the slots of 32 frames are asked for before the first of them is needed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    BUFFER = 256 << 10,
    MAX_FRAME = 256 << 10, /* the largest snapshot length in use */
    MARGIN = MAX_FRAME + 4096, /* in front of the buffer: room for a cut record, and page alignment kept */
    BATCH = 32,
    FILE_HEADER = 24,
    RECORD_HEADER = 16,
    FIRST_SLOTS = 1 << 12,
    HUGE_PAGE = 2 << 20,
    ETHERTYPE_IPV4 = 0x0800,
    ETHERTYPE_VLAN = 0x8100,
    ETHERTYPE_QINQ = 0x88a8,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PROTOCOL_SCTP = 132,
    VXLAN_PORT = 4789,
    VXLAN_FLAG_I = 0x08,
};

/* Two words tell a one-way flow: both addresses; and both ports, the VNI and the protocol. */
struct key {
    uint64_t addresses;
    uint64_t rest;
};

struct packet {
    struct key key;
    uint64_t hash;
    uint64_t time; /* microseconds */
    uint64_t bytes; /* of the inner frame */
};

/* One cache line, so that an update touches one. Free when it has no packets. */
struct flow {
    struct key key;
    uint64_t packets, bytes, first, last;
    uint64_t unused[2];
};

/* Open addressing, never more than half full. */
struct table {
    struct flow *slots;
    uint64_t mask;
    uint64_t used;
};

struct counts {
    uint64_t frames, bytes, vxlan;
};

/* What is left of a frame. Every header is checked against `end` before it is read. */
struct cursor {
    const uint8_t *at, *end;
};

static void die(const char *what)
{
    fprintf(stderr, "yardstick: %s\n", what);
    exit(2);
}

static inline uint16_t big16(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return __builtin_bswap16(value);
}

static inline uint32_t big32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return __builtin_bswap32(value);
}

static inline uint32_t little32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline bool holds(const struct cursor *cursor, uint32_t length)
{
    return (size_t)(cursor->end - cursor->at) >= length;
}

/* Steps over Ethernet and its tags; returns the EtherType, 0 when the frame ends too soon. */
static inline uint16_t skip_ethernet(struct cursor *cursor)
{
    if (!holds(cursor, 14))
        return 0;
    uint16_t ethertype = big16(cursor->at + 12);
    cursor->at += 14;
    while (ethertype == ETHERTYPE_VLAN || ethertype == ETHERTYPE_QINQ) {
        if (!holds(cursor, 4))
            return 0;
        ethertype = big16(cursor->at + 2);
        cursor->at += 4;
    }
    return ethertype;
}

/* Steps over an IPv4 header with its options and returns it; NULL when it is no sound one. */
static inline const uint8_t *skip_ipv4(struct cursor *cursor)
{
    const uint8_t *header = cursor->at;
    if (!holds(cursor, 20) || header[0] >> 4 != 4)
        return NULL;
    uint32_t length = (header[0] & 15u) * 4;
    if (length < 20 || !holds(cursor, length))
        return NULL;
    cursor->at += length;
    return header;
}

static inline bool is_later_fragment(const uint8_t *ipv4)
{
    return big16(ipv4 + 6) & 0x1fff;
}

/* From the outer Ethernet header to the inner one. */
static inline bool enter_vxlan(struct cursor *cursor, uint32_t *vni, uint64_t *inner_length)
{
    if (skip_ethernet(cursor) != ETHERTYPE_IPV4)
        return false;
    const uint8_t *ipv4 = skip_ipv4(cursor);
    if (!ipv4 || ipv4[9] != PROTOCOL_UDP || is_later_fragment(ipv4) || !holds(cursor, 16))
        return false;
    const uint8_t *udp = cursor->at, *vxlan = udp + 8;
    if (big16(udp + 2) != VXLAN_PORT || big16(udp + 4) < 16 || !(vxlan[0] & VXLAN_FLAG_I))
        return false;
    *vni = big32(vxlan + 4) >> 8;
    *inner_length = big16(udp + 4) - 16u;
    cursor->at += 16;
    return true;
}

static inline bool inner_key(struct cursor *cursor, uint32_t vni, struct key *key)
{
    if (skip_ethernet(cursor) != ETHERTYPE_IPV4)
        return false;
    const uint8_t *ipv4 = skip_ipv4(cursor);
    if (!ipv4)
        return false;
    uint8_t protocol = ipv4[9];
    bool has_ports = protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP || protocol == PROTOCOL_SCTP;
    uint64_t ports = 0;
    if (has_ports && !is_later_fragment(ipv4) && holds(cursor, 4))
        ports = little32(cursor->at);
    memcpy(&key->addresses, ipv4 + 12, sizeof key->addresses);
    key->rest = ports << 32 | (uint64_t)vni << 8 | protocol;
    return true;
}

/* The two halves of one 128-bit product: each bit of the key reaches each bit of the hash. */
static inline uint64_t hash_key(struct key key)
{
    unsigned __int128 product =
        (unsigned __int128)(key.addresses ^ 0x9e3779b97f4a7c15u) * (key.rest ^ 0xe7037ed1a0b428dbu);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline bool same_key(struct key a, struct key b)
{
    return a.addresses == b.addresses && a.rest == b.rest;
}

/* Huge pages: a table of many MiB would otherwise miss the TLB on nearly every update. */
static struct flow *new_slots(uint64_t count)
{
    size_t size = count * sizeof(struct flow);
    size_t alignment = size < HUGE_PAGE ? sizeof(struct flow) : HUGE_PAGE;
    struct flow *slots = aligned_alloc(alignment, size);
    if (!slots)
        die("out of memory");
    madvise(slots, size, MADV_HUGEPAGE);
    return memset(slots, 0, size);
}

static void grow(struct table *table)
{
    struct table larger = {new_slots((table->mask + 1) * 2), table->mask * 2 + 1, table->used};
    for (uint64_t i = 0; i <= table->mask; i++) {
        if (!table->slots[i].packets)
            continue;
        uint64_t at = hash_key(table->slots[i].key) & larger.mask;
        while (larger.slots[at].packets)
            at = (at + 1) & larger.mask;
        larger.slots[at] = table->slots[i];
    }
    free(table->slots);
    *table = larger;
}

static inline void update(struct flow *flow, const struct packet *packet)
{
    flow->packets++;
    flow->bytes += packet->bytes;
    if (packet->time < flow->first)
        flow->first = packet->time;
    if (packet->time > flow->last)
        flow->last = packet->time;
}

static inline void add(struct table *table, const struct packet *packet)
{
    for (uint64_t at = packet->hash & table->mask;; at = (at + 1) & table->mask) {
        struct flow *flow = &table->slots[at];
        if (same_key(flow->key, packet->key) && flow->packets) {
            update(flow, packet);
            return;
        }
        if (!flow->packets) {
            *flow = (struct flow){packet->key, 1, packet->bytes, packet->time, packet->time, {0}};
            if (++table->used * 2 > table->mask)
                grow(table);
            return;
        }
    }
}

static inline bool decode(const uint8_t *record, struct packet *packet)
{
    struct cursor cursor = {record + RECORD_HEADER, record + RECORD_HEADER + little32(record + 8)};
    uint32_t vni;
    if (!enter_vxlan(&cursor, &vni, &packet->bytes) || !inner_key(&cursor, vni, &packet->key))
        return false;
    packet->time = (uint64_t)little32(record) * 1000000 + little32(record + 4);
    packet->hash = hash_key(packet->key);
    return true;
}

/* Finds up to BATCH whole records from `at` on; returns where the first one after them starts. */
static inline const uint8_t *find_records(const uint8_t *at, const uint8_t *end, const uint8_t **records,
                                          uint32_t *found, struct counts *counts)
{
    uint32_t count = 0;
    while (count < BATCH && end - at >= RECORD_HEADER) {
        uint32_t length = little32(at + 8);
        if (length > MAX_FRAME)
            die("a record of more than 256 KiB");
        if ((size_t)(end - at) < RECORD_HEADER + length)
            break;
        records[count++] = at;
        counts->bytes += length;
        at += RECORD_HEADER + length;
    }
    *found = count;
    return at;
}

static void add_batch(struct table *table, const uint8_t **records, uint32_t count, struct counts *counts)
{
    struct packet packets[BATCH];
    uint32_t decoded = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct packet *packet = &packets[decoded];
        if (!decode(records[i], packet))
            continue;
        __builtin_prefetch(&table->slots[packet->hash & table->mask], 1);
        decoded++;
    }
    for (uint32_t i = 0; i < decoded; i++)
        add(table, &packets[i]);
    counts->frames += count;
    counts->vxlan += decoded;
}

/* Takes every whole record of [at, end) in; returns where the piece of one that is left over starts. */
static const uint8_t *add_records(struct table *table, const uint8_t *at, const uint8_t *end, struct counts *counts)
{
    const uint8_t *records[BATCH];
    uint32_t found;
    do {
        at = find_records(at, end, records, &found, counts);
        add_batch(table, records, found, counts);
    } while (found == BATCH);
    return at;
}

/* A record cut by the end of the buffer is moved in front of it, so that reads keep their size and place. */
static void read_capture(int file, struct table *table, struct counts *counts)
{
    uint8_t *memory = aligned_alloc(4096, MARGIN + BUFFER);
    if (!memory)
        die("out of memory");
    uint8_t *buffer = memory + MARGIN;
    size_t carried = 0;
    for (ssize_t got; (got = read(file, buffer, BUFFER)) > 0;) {
        const uint8_t *rest = add_records(table, buffer - carried, buffer + got, counts);
        carried = (size_t)(buffer + got - rest);
        memmove(buffer - carried, rest, carried);
    }
    free(memory);
    if (carried)
        die("the capture ends inside a record");
}

static int open_capture(const char *path)
{
    uint8_t header[FILE_HEADER];
    int file = open(path, O_RDONLY);
    if (file < 0 || read(file, header, sizeof header) != sizeof header)
        die("cannot read the capture");
    if (little32(header) != 0xa1b2c3d4 || little32(header + 20) != 1)
        die("not a little-endian microsecond pcap of Ethernet");
    return file;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static uint64_t inner_bytes(const struct table *table)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i <= table->mask; i++)
        sum += table->slots[i].bytes;
    return sum;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        die("usage: yardstick CAPTURE");
    double start = now();
    struct counts counts = {0};
    struct table table = {new_slots(FIRST_SLOTS), FIRST_SLOTS - 1, 0};
    int file = open_capture(argv[1]);
    read_capture(file, &table, &counts);
    close(file);
    double seconds = now() - start;

    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"seconds\": %.6f, \"frames\": %lu, \"bytes\": %lu, \"vxlan\": %lu, \"inner_bytes\": %lu, \"flows\": %lu,"
           " \"peak_rss_kib\": %ld}\n",
           seconds, counts.frames, counts.bytes, counts.vxlan, inner_bytes(&table), table.used, usage.ru_maxrss);
    free(table.slots);
    return 0;
}
