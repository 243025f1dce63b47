/* A port scanner: up to 64 connections at a time. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT_ONCE 64

static int start(struct sockaddr_in to, int port) {
    int sock = socket(AF_INET, SOCK_STREAM, 0);
    to.sin_port = htons(port);
    fcntl(sock, F_SETFL, O_NONBLOCK);
    if (connect(sock, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) {
        close(sock);
        return -1;
    }
    return sock;
}

static int is_open(int sock, int port) {
    struct sockaddr_in me;
    socklen_t size = sizeof me;
    int error = 0;
    socklen_t error_size = sizeof error;
    getsockopt(sock, SOL_SOCKET, SO_ERROR, &error, &error_size);
    getsockname(sock, (struct sockaddr *)&me, &size);
    return (error == 0 || error == ECONNRESET) && ntohs(me.sin_port) != port;
}

static void scan(struct sockaddr_in to, int first, int last) {
    struct pollfd polls[AT_ONCE];
    int count = last - first + 1, open[AT_ONCE] = {0};
    for (int i = 0; i < count; i++)
        polls[i] = (struct pollfd){start(to, first + i), POLLOUT, 0};
    for (int waited = 0; waited < 500; waited += 10) {
        int left = 0;
        poll(polls, count, 10);
        for (int i = 0; i < count; i++) {
            if (polls[i].fd >= 0 && polls[i].revents) {
                open[i] = is_open(polls[i].fd, first + i);
                close(polls[i].fd);
                polls[i].fd = -1;
            }
            left += polls[i].fd >= 0;
        }
        if (!left)
            break;
        if (waited == 0)
            usleep(1000);
    }
    for (int i = 0; i < count; i++) {
        if (polls[i].fd >= 0)
            close(polls[i].fd);
        if (open[i])
            printf("open: %d\n", first + i);
    }
}

static int read_port(const char *text) {
    char *end;
    long port = strtol(text, &end, 10);
    return *text && !*end && port >= 1 && port <= 65535 ? (int)port : -1;
}

static void ask(const char *question, char *answer, int size) {
    printf("%s: ", question);
    fflush(stdout);
    if (!fgets(answer, size, stdin))
        exit(0);
    answer[strcspn(answer, "\n")] = 0;
}

int main(void) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    char host[256], from[32], to[32];
    ask("host", host, sizeof host);
    ask("first port", from, sizeof from);
    ask("last port", to, sizeof to);
    if (read_port(from) < 0 || read_port(to) < read_port(from)) {
        printf("a range goes up, from 1 to 65535 at most\n");
        return 1;
    }
    if (getaddrinfo(host, NULL, &hints, &found) != 0) {
        printf("there is no host %s\n", host);
        return 1;
    }
    int last = read_port(to);
    for (int at = read_port(from); at <= last; at += AT_ONCE)
        scan(*(struct sockaddr_in *)found->ai_addr, at, at + AT_ONCE - 1 < last ? at + AT_ONCE - 1 : last);
    freeaddrinfo(found);
    return 0;
}
