/* An echo client with poll. */
#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *ask(const char *question, char *answer, int size, const char *usual) {
    printf("%s [%s]: ", question, usual);
    fflush(stdout);
    if (!fgets(answer, size, stdin))
        exit(0);
    answer[strcspn(answer, "\n")] = 0;
    return *answer ? answer : strcpy(answer, usual);
}

static int dial(const char *host, const char *port) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found, *one;
    int sock = -1;
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return -1;
    for (one = found; one; one = one->ai_next) {
        sock = socket(one->ai_family, SOCK_STREAM, 0);
        if (connect(sock, one->ai_addr, one->ai_addrlen) == 0)
            break;
        close(sock);
        sock = -1;
    }
    freeaddrinfo(found);
    return sock;
}

int main(void) {
    static char host[256], port[256], line[8192];
    setvbuf(stdin, NULL, _IONBF, 0);
    ask("Host", host, sizeof host, "127.0.0.1");
    ask("Port", port, sizeof port, "5555");
    int sock = dial(host, port);
    if (sock < 0) {
        perror("cannot connect");
        return 1;
    }
    printf("connected to %s port %s\n", host, port);
    struct pollfd both[2] = {{0, POLLIN, 0}, {sock, POLLIN, 0}};
    while (poll(both, 2, -1) >= 0) {
        if (both[1].revents) {
            ssize_t got = recv(sock, line, sizeof line, 0);
            if (got <= 0) {
                printf("the server has left\n");
                break;
            }
            printf("received: %.*s\n", (int)got, line);
        }
        if (both[0].revents) {
            ssize_t got = read(0, line, sizeof line);
            while (got > 0 && line[got - 1] == '\n')
                got--;
            if (got < 0 || (got == 0 && line[0] != '\n') || (got == 4 && !memcmp(line, "exit", 4)))
                break;
            if (got > 0 && send(sock, line, got, MSG_NOSIGNAL) > 0)
                printf("sent %zd bytes\n", got);
        }
        fflush(stdout);
    }
    close(sock);
    printf("disconnected\n");
    return 0;
}
