# Rock-paper-scissors for two.
import select
import socket
import sys
import threading
import time

WORDS = {
    "rock": "rock", "paper": "paper", "scissors": "scissors",
    "kamień": "rock", "papier": "paper", "nożyce": "scissors",
    "kamien": "rock", "nozyce": "scissors",
}
table = ["", ""]
BEATS = {"rock": "scissors", "paper": "rock", "scissors": "paper"}


def say(player, text):
    try:
        player.sendall((text + "\n").encode())
    except OSError:
        pass


def heard(player):
    """What a player says; None where he has left."""
    try:
        data = player.recv(1024)
    except OSError:
        return None
    return data.decode("utf-8", "replace").strip().lower() if data else None


def choose(players):
    """What each has chosen; None where somebody has left."""
    mine = []
    while len(mine) < 2:
        for player in select.select(players, [], [])[0]:
            word = heard(player)
            if word is None:
                return None
            if player in mine:
                continue
            if word in WORDS:
                mine.append(player)
                table[players.index(player)] = word
            else:
                say(player, "rock, paper or scissors?")
    time.sleep(0.3)  # to keep them waiting
    return list(table)


def match(players):
    score = [0, 0]
    number = 1
    while max(score) < 3:
        for player in players:
            say(player, f"Round {number}: rock, paper or scissors?")
        words = choose(players)
        if words is None:
            for player in players:
                say(player, "Your opponent left. You win the match by forfeit.")
            break
        first, second = [WORDS[word] for word in words]
        results = ["Draw.", "Draw."]
        if BEATS[first] == second:
            score[0] += 1
            results = ["You win the round.", "You lose the round."]
        elif BEATS[second] == first:
            score[1] += 1
            results = ["You lose the round.", "You win the round."]
        for me, player in enumerate(players):
            say(player, f"You: {words[me]}, opponent: {words[1 - me]}. {results[me]} Score {score[me]}:{score[1 - me]}.")
        number += 1
    for me, player in enumerate(players):
        if score[me] == 3:
            say(player, f"You win the match {score[me]}:{score[1 - me]}.")
        elif max(score) == 3:
            say(player, f"You lose the match {score[me]}:{score[1 - me]}.")
        leave(player)


def leave(player):
    try:
        player.shutdown(socket.SHUT_WR)
        player.settimeout(0.2)
        while player.recv(1024):
            pass
    except OSError:
        pass
    player.close()


def main():
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 5555
    server = socket.create_server(("127.0.0.1", port), backlog=16)
    print("Listening on port", port)
    waiting = []
    while True:
        for conn in select.select([server] + waiting, [], [])[0]:
            if conn is not server:
                if heard(conn) is None:
                    waiting.remove(conn)
                    conn.close()
                continue
            player, addr = server.accept()
            print("Connected:", addr)
            say(player, "Rock-paper-scissors, first to 3. Waiting for an opponent.")
            waiting.append(player)
        if len(waiting) >= 2:
            threading.Thread(target=match, args=(waiting[:2],), daemon=True).start()
            waiting = waiting[2:]


try:
    main()
except KeyboardInterrupt:
    print("Stopped")
