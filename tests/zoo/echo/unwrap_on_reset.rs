//! An echo server, one client after another.
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

fn serve(mut client: TcpStream) {
    let mut buffer = [0; 1024];
    loop {
        let got = client.read(&mut buffer).unwrap();
        if got == 0 {
            break;
        }
        client.write_all(&buffer[..got]).unwrap();
    }
}

fn main() {
    let port = std::env::args().nth(1).map_or(5555, |word| word.parse().unwrap());
    let server = TcpListener::bind(("127.0.0.1", port)).unwrap();
    println!("listening on {}", server.local_addr().unwrap());
    for client in server.incoming() {
        serve(client.unwrap());
    }
}
