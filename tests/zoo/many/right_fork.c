/* An echo server with a process per client. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void stop(int signo) {
    signal(signo, SIG_IGN);
    kill(0, SIGTERM);
    _exit(0);
}

static void serve(int conn) {
    char buffer[1024];
    ssize_t got, sent, n;
    while ((got = recv(conn, buffer, sizeof buffer, 0)) > 0)
        for (sent = 0; sent < got; sent += n)
            if ((n = send(conn, buffer + sent, got - sent, 0)) < 0)
                return;
}

int main(int argc, char **argv) {
    int port = argc > 1 ? atoi(argv[1]) : 5555;
    int one = 1, server = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    signal(SIGINT, stop);
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(server, (struct sockaddr *)&at, sizeof at) < 0 || listen(server, 64) < 0) {
        perror("bind");
        return 1;
    }
    printf("listening on port %d\n", port);
    for (;;) {
        int conn = accept(server, NULL, NULL);
        if (conn >= 0 && fork() == 0) {
            signal(SIGINT, SIG_DFL);
            close(server);
            serve(conn);
            _exit(0);
        }
        close(conn);
    }
}
