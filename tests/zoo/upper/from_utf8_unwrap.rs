//! A server that returns text in upper case.
use std::io::{Read, Result, Write};
use std::net::{TcpListener, TcpStream};

fn serve(mut client: TcpStream) -> Result<()> {
    let mut buffer = [0; 1024];
    loop {
        let got = client.read(&mut buffer)?;
        if got == 0 {
            return Ok(());
        }
        let text = String::from_utf8(buffer[..got].to_vec()).unwrap();
        client.write_all(text.to_uppercase().as_bytes())?;
    }
}

fn main() -> Result<()> {
    let port = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(5556);
    let server = TcpListener::bind(("127.0.0.1", port))?;
    println!("listening on {}", server.local_addr()?);
    for client in server.incoming().flatten() {
        if let Err(e) = serve(client) {
            println!("connection lost: {e}");
        }
    }
    Ok(())
}
