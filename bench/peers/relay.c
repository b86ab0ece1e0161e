/* The least that a server of this protocol can cost: it hands every frame on to everybody else in the document, one
 * write for each, and does nothing more. No document, no check, no presence kept, no disk.
 *
 * What stands in this row of the table is the price of the operating system. Linux only; cc -O2 relay.c -o relay.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 4096, BUFFER = 1 << 16, EVENTS = 64 };

struct client {
    int socket, room, open;
    size_t used;
    unsigned char buffer[BUFFER];
};

static struct client *clients[CLIENTS];
static char *rooms[CLIENTS];
static int members[CLIENTS][CLIENTS], sizes[CLIENTS];

static uint32_t turn(uint32_t value, int bits) { return value << bits | value >> (32 - bits); }

/* SHA-1 (FIPS 180-4) of less than 120 bytes: the handshake of RFC 6455 wants it of 60. */
static void sha1(const char *text, unsigned char digest[20]) {
    unsigned char block[128] = {0};
    size_t length = strlen(text);
    memcpy(block, text, length);
    block[length] = 0x80;
    size_t end = length < 56 ? 64 : 128;
    for (int i = 0; i < 8; i++) block[end - 1 - i] = (unsigned char)((uint64_t)length * 8 >> 8 * i);
    uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    for (unsigned char *at = block; at < block + end; at += 64) {
        uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
        for (int i = 0; i < 16; i++)
            w[i] = (uint32_t)at[4 * i] << 24 | at[4 * i + 1] << 16 | at[4 * i + 2] << 8 | at[4 * i + 3];
        for (int i = 16; i < 80; i++) w[i] = turn(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        for (int i = 0; i < 80; i++) {
            uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 ? b ^ c ^ d : i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
            uint32_t k = i < 20 ? 0x5A827999 : i < 40 ? 0x6ED9EBA1 : i < 60 ? 0x8F1BBCDC : 0xCA62C1D6;
            uint32_t next = turn(a, 5) + f + e + k + w[i];
            e = d, d = c, c = turn(b, 30), b = a, a = next;
        }
        h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
    }
    for (int i = 0; i < 20; i++) digest[i] = (unsigned char)(h[i / 4] >> (24 - 8 * (i % 4)));
}

static void base64(const unsigned char *bytes, int length, char *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int i = 0; i < length; i += 3) {
        uint32_t group = bytes[i] << 16 | (i + 1 < length ? bytes[i + 1] << 8 : 0) | (i + 2 < length ? bytes[i + 2] : 0);
        for (int j = 0; j < 4; j++) *out++ = i + j > length ? '=' : digits[group >> (18 - 6 * j) & 63];
    }
    *out = 0;
}

static int room_of(const char *path) {
    int room = 0;
    while (rooms[room] && strcmp(rooms[room], path)) room++;
    if (!rooms[room]) rooms[room] = strdup(path);
    return room;
}

/* Answers the request if it is whole; returns how many bytes of the buffer it took. */
static size_t greet(struct client *client) {
    client->buffer[client->used] = 0;
    char *head = (char *)client->buffer, *end = strstr(head, "\r\n\r\n");
    if (!end) return 0;
    char path[512], key[64], accept[64], answer[256];
    unsigned char digest[20];
    char *name = strcasestr(head, "sec-websocket-key: ");
    if (!name || sscanf(head, "GET %511s", path) != 1 || sscanf(name + 19, "%24s", key) != 1) exit(1);
    strcat(key, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    sha1(key, digest);
    base64(digest, 20, accept);
    int length = snprintf(answer, sizeof answer,
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
    send(client->socket, answer, (size_t)length, MSG_NOSIGNAL);
    client->open = 1;
    client->room = room_of(path);
    members[client->room][sizes[client->room]++] = client->socket;
    return (size_t)(end + 4 - head);
}

/* Hands one frame on if it is whole and not longer than 64 KiB; returns how many bytes of the buffer it took. */
static size_t pass(struct client *client) {
    unsigned char *frame = client->buffer;
    if (client->used < 6) return 0;
    size_t length = frame[1] & 0x7F, head = 6;
    if (length == 126) length = (size_t)frame[2] << 8 | frame[3], head = 8;
    if (client->used < head + length) return 0;
    unsigned char *mask = frame + head - 4, *payload = frame + head;
    for (size_t i = 0; i < length; i++) payload[i] ^= mask[i % 4];
    if (length && payload[0] == 0 && payload[1] == 0) {
        static const unsigned char nothing[] = {0x82, 5, 0, 1, 2, 0, 0};
        send(client->socket, nothing, sizeof nothing, MSG_NOSIGNAL);
    } else if (length && !(payload[0] == 0 && payload[1] == 1)) {
        unsigned char *start = payload - (head == 6 ? 2 : 4); /* without the mask */
        start[0] = 0x82;
        start[1] = (unsigned char)(head == 6 ? length : 126);
        if (head == 8) start[2] = (unsigned char)(length >> 8), start[3] = (unsigned char)length;
        for (int i = 0; i < sizes[client->room]; i++)
            if (members[client->room][i] != client->socket)
                send(members[client->room][i], start, length + (size_t)(payload - start), MSG_NOSIGNAL);
    }
    return head + length;
}

int main(void) {
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0), poller = epoll_create1(0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(getenv("PORT")))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024)) return 1;
    struct epoll_event ready[EVENTS], event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(poller, ready, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            int socket = ready[i].data.fd;
            if (socket == listener) {
                event.data.fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                if (event.data.fd < 0 || event.data.fd >= CLIENTS) continue;
                setsockopt(event.data.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                clients[event.data.fd] = calloc(1, sizeof(struct client));
                clients[event.data.fd]->socket = event.data.fd;
                epoll_ctl(poller, EPOLL_CTL_ADD, event.data.fd, &event);
                continue;
            }
            struct client *client = clients[socket];
            ssize_t got = recv(socket, client->buffer + client->used, BUFFER - 1 - client->used, 0);
            if (got <= 0 && client->open) return 0; /* the load has ended */
            if (got <= 0) { /* somebody looked whether the port is open */
                close(socket);
                continue;
            }
            client->used += (size_t)got;
            size_t took;
            while (client->used && (took = client->open ? pass(client) : greet(client))) {
                client->used -= took;
                memmove(client->buffer, client->buffer + took, client->used);
            }
        }
    }
}
