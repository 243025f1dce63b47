# Papier, kamień, nożyce: wybór numerem, każda para w wątku.
import socket
import sys
import threading
from queue import Queue

NAZWY = {"1": "papier", "2": "kamień", "3": "nożyce"}
BIJE = {("1", "2"), ("2", "3"), ("3", "1")}
PYTANIE = "Runda {}. Wybierz numer: 1 = papier, 2 = kamień, 3 = nożyce\n"

class Gracz:
    def __init__(self, conn):
        self.conn = conn
        self.wynik = 0
        self.kolejka = Queue()

    def pisz(self, t):
        try:
            self.conn.sendall(t.encode())
        except OSError:
            self.kolejka.put(None)

    def czytaj(self):
        try:
            while dane := self.conn.recv(1024):
                for slowo in dane.decode("utf-8", "replace").split():
                    if slowo in NAZWY:
                        self.kolejka.put(slowo)
                    else:
                        self.pisz("Nie ma takiego numeru, wybierz 1, 2 albo 3\n")
        except OSError:
            pass
        self.kolejka.put(None)

def mecz(a, b):
    for g in (a, b):
        threading.Thread(target=g.czytaj, daemon=True).start()
    runda = 1
    while a.wynik < 3 and b.wynik < 3:
        a.pisz(PYTANIE.format(runda))
        b.pisz(PYTANIE.format(runda))
        wybory = Queue()
        for g in (a, b):
            threading.Thread(target=lambda g=g: wybory.put((g, g.kolejka.get())), daemon=True).start()
        zebrane = {}
        while len(zebrane) < 2:
            g, w = wybory.get()
            if w is None:
                for x in (a, b):
                    x.pisz("Przeciwnik uciekł, koniec gry\n")
                    x.conn.close()
                return
            zebrane[g] = w
        for ja, on in ((a, b), (b, a)):
            para = (zebrane[ja], zebrane[on])
            if para in BIJE:
                ja.wynik += 1
                slowo = "Punkt dla Ciebie"
            elif para[0] == para[1]:
                slowo = "Remis"
            else:
                slowo = "Punkt dla przeciwnika"
            ja.pisz(f"Przeciwnik pokazał: {NAZWY[zebrane[on]]}. {slowo}.\n")
        for ja, on in ((a, b), (b, a)):
            ja.pisz(f"Stan {ja.wynik}:{on.wynik}\n")
        runda += 1
    for ja, on in ((a, b), (b, a)):
        ja.pisz("Zwycięstwo!\n" if ja.wynik > on.wynik else "Porażka.\n")
        ja.conn.shutdown(socket.SHUT_RDWR)
        ja.conn.close()

s = socket.create_server(("127.0.0.1", 5555))
print("Serwer gry na porcie 5555")
try:
    while True:
        a, _ = s.accept()
        a.sendall("Witaj w grze! Czekamy na drugiego gracza...\n".encode())
        b, _ = s.accept()
        b.sendall("Witaj w grze!\n".encode())
        threading.Thread(target=mecz, args=(Gracz(a), Gracz(b)), daemon=True).start()
except KeyboardInterrupt:
    print("Koniec")
