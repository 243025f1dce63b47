# An echo server for many clients with asyncio.
import asyncio
import sys


async def serve(reader, writer):
    try:
        while data := await reader.read(1024):
            writer.write(data)
            await writer.drain()
    except OSError as e:
        print("Connection lost:", e)
    except asyncio.CancelledError:
        pass
    writer.close()


async def main():
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 5555
    server = await asyncio.start_server(serve, "127.0.0.1", port)
    print("Listening on port", port)
    async with server:
        await server.serve_forever()


try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("Stopped")
