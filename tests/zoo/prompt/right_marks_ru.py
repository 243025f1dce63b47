# Вопрос стоит на своей строке, а под ним знак `> `.
import socket


def ask(question, default, convert):
    while True:
        print(f"{question} (Enter - {default})")
        answer = input("> ").strip()
        if not answer:
            return default
        try:
            return convert(answer)
        except (OSError, ValueError):
            print("Неверное значение, попробуйте ещё раз")


def address(text):
    if text != "localhost":
        socket.inet_pton(socket.AF_INET, text)
    return text


def number(text):
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise ValueError(text)
    return int(text)


def main():
    host = ask("Укажите хост", "127.0.0.1", address)
    port = ask("Укажите порт", 9090, number)
    with socket.create_server((host, port)) as server:
        print(f"Сервер запущен на {host}:{port}")
        while True:
            conn, _ = server.accept()
            with conn:
                try:
                    while data := conn.recv(1024):
                        conn.sendall(data)
                except OSError as e:
                    print(e)


try:
    main()
except OSError as e:
    print("Не удалось:", e)
except (KeyboardInterrupt, EOFError):
    print("Выход")
