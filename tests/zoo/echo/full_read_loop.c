/* Echo server for messages of up to 16 MB. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char message[1 << 24];

static void serve(int conn) {
    ssize_t got = 1, size, sent, n;
    while (got > 0) {
        size = 0;
        do {
            got = recv(conn, message + size, 1024, 0);
            if (got > 0)
                size += got;
        } while (got == 1024 && size + 1024 <= (ssize_t)sizeof message);
        for (sent = 0; sent < size; sent += n)
            if ((n = send(conn, message + sent, size - sent, 0)) < 0)
                return;
    }
}

int main(int argc, char **argv) {
    int port = argc > 1 ? atoi(argv[1]) : 5555;
    int one = 1, server = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    signal(SIGPIPE, SIG_IGN);
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(server, (struct sockaddr *)&at, sizeof at) < 0 || listen(server, 16) < 0) {
        perror("bind");
        return 1;
    }
    printf("listening on 127.0.0.1:%d\n", port);
    for (;;) {
        int conn = accept(server, NULL, NULL);
        if (conn < 0)
            continue;
        serve(conn);
        close(conn);
    }
}
