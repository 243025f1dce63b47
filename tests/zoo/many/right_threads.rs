//! An echo server with a thread per client.
use std::io::{Read, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

fn serve(mut client: TcpStream) -> Result<()> {
    let mut buffer = [0; 1024];
    loop {
        let got = client.read(&mut buffer)?;
        if got == 0 {
            return Ok(());
        }
        client.write_all(&buffer[..got])?;
    }
}

fn main() -> Result<()> {
    let port = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(5555);
    let server = TcpListener::bind(("127.0.0.1", port))?;
    println!("listening on {}", server.local_addr()?);
    for client in server.incoming().flatten() {
        thread::spawn(move || {
            if let Err(e) = serve(client) {
                println!("connection lost: {e}");
            }
        });
    }
    Ok(())
}
