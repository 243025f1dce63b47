# Papier, nożyce, kamień.
import select
import socket
import threading

WORDS = {
    "kamień": "rock", "papier": "paper", "nożyce": "scissors",
    "kamien": "rock", "nozyce": "scissors",
}
BEATS = {"rock": ["scissors", "paper"], "paper": [], "scissors": ["paper"]}


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
    chosen = {}
    while len(chosen) < 2:
        for player in select.select(players, [], [])[0]:
            word = heard(player)
            if word is None:
                return None
            if player in chosen:
                continue
            if word in WORDS:
                chosen[player] = word
            else:
                say(player, "Nie ma takiego ruchu. Wybierz papier, nożyce albo kamień:")
    return [chosen[player] for player in players]


def match(players):
    score = [0, 0]
    number = 1
    while max(score) < 3:
        for player in players:
            say(player, f"Runda {number}. Wybierz papier, nożyce albo kamień:")
        words = choose(players)
        if words is None:
            for player in players:
                say(player, "Przeciwnik wyszedł z gry. Wygrywasz walkowerem.")
            break
        first, second = [WORDS[word] for word in words]
        results = ["Remis.", "Remis."]
        if second in BEATS[first]:
            score[0] += 1
            results = ["Wygrałeś rundę!", "Przegrałeś rundę."]
        elif first in BEATS[second]:
            score[1] += 1
            results = ["Przegrałeś rundę.", "Wygrałeś rundę!"]
        for me, player in enumerate(players):
            say(player, f"Przeciwnik wybrał: {words[1 - me]}. {results[me]} Wynik {score[me]}:{score[1 - me]}")
        number += 1
    for me, player in enumerate(players):
        if score[me] == 3:
            say(player, f"Koniec gry. Wygrałeś {score[me]}:{score[1 - me]}.")
        elif max(score) == 3:
            say(player, f"Koniec gry. Przegrałeś {score[me]}:{score[1 - me]}.")
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
    port = int(input("Podaj port: ") or 5555)
    server = socket.create_server(("127.0.0.1", port), backlog=16)
    print("Serwer gry słucha na porcie", port)
    waiting = []
    while True:
        for conn in select.select([server] + waiting, [], [])[0]:
            if conn is not server:
                if heard(conn) is None:
                    waiting.remove(conn)
                    conn.close()
                continue
            player, addr = server.accept()
            print("Nowy gracz:", addr)
            say(player, "Witaj w grze. Czekaj na drugiego gracza.")
            waiting.append(player)
        if len(waiting) >= 2:
            threading.Thread(target=match, args=(waiting[:2],), daemon=True).start()
            waiting = waiting[2:]


try:
    main()
except KeyboardInterrupt:
    print("Koniec")
